"""What leaves payments."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Generic, TypeVar

from services.core.money import Money
from services.payments.vocabulary import StripeObject


@dataclass(frozen=True, slots=True)
class AccountView:
    """A connected Stripe account; `code` is its key in the settings and in the webhook address."""

    id: uuid.UUID
    entity_id: uuid.UUID
    code: str
    time_zone: str
    stripe_account_id: str | None
    connected_at: dt.datetime


@dataclass(frozen=True, slots=True)
class WindowView:
    """A stretch of creation time of one object type, [from_at, to_at), read newest first and `after_ref` by now."""

    id: uuid.UUID
    account: AccountView
    object_type: StripeObject
    from_at: dt.datetime
    to_at: dt.datetime
    after_ref: str | None


@dataclass(frozen=True, slots=True)
class CoverageView:
    """How far one object type of one account is complete."""

    account: str
    object_type: str
    covered_from: dt.datetime
    covered_until: dt.datetime
    read_at: dt.datetime


@dataclass(frozen=True, slots=True)
class WindowCheck:
    """What a comparison with Stripe found for one object type and stretch of time."""

    object_type: StripeObject
    from_at: dt.datetime
    to_at: dt.datetime
    at_stripe: int
    here: int
    missing: list[str]
    unknown: list[str]


@dataclass(frozen=True, slots=True)
class EventView:
    """A received event that waits to be applied."""

    id: uuid.UUID
    event_id: str
    type: str
    object_type: str | None
    object_ref: str | None
    made_at: dt.datetime
    body: bytes


_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Listing(Generic[_Item]):
    """A page of a list: its rows, how many there are in all, and the cursors of its neighbours."""

    items: list[_Item]
    total: int
    older: str | None
    newer: str | None


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment in a list. `failure` is the decline or failure code of the last try, empty when there is none."""

    id: uuid.UUID
    entity_id: uuid.UUID
    stripe_id: str
    created_at: dt.datetime
    amount: Money
    refunded: Money
    status: str
    method: str
    country: str
    failure: str
    attempts: int
    disputed: bool
    customer_ref: str | None
    customer: str | None
    invoice_ref: str | None


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A payout in a list. `composed` is the net sum of its balance transactions, None until they were read."""

    id: uuid.UUID
    entity_id: uuid.UUID
    stripe_id: str
    created_at: dt.datetime
    arrival_on: dt.date
    amount: Money
    status: str
    automatic: bool
    trace_ref: str | None
    composed: Money | None
    parts: int
    failure_code: str | None


@dataclass(frozen=True, slots=True)
class CustomerRow:
    id: uuid.UUID
    entity_id: uuid.UUID
    stripe_id: str
    name: str | None
    email: str | None
    country: str | None
    created_at: dt.datetime
    delinquent: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class ChargeView:
    """One try to collect; `failure` is the most exact code there is."""

    stripe_id: str
    created_at: dt.datetime
    amount: Money
    status: str
    method: str
    country: str
    instrument: str | None
    failure: str | None
    failure_message: str | None


@dataclass(frozen=True, slots=True)
class RefundView:
    stripe_id: str
    created_at: dt.datetime
    amount: Money
    status: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class DisputeView:
    stripe_id: str
    created_at: dt.datetime
    amount: Money
    status: str
    reason: str
    evidence_due_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class MovementView:
    """A balance transaction: amount signed, fee positive, net = amount - fee."""

    stripe_id: str
    created_at: dt.datetime
    category: str
    source_ref: str | None
    amount: Money
    fee: Money
    net: Money
    payout_ref: str | None


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    id: uuid.UUID
    stripe_id: str
    number: str | None
    created_at: dt.datetime
    status: str
    total: Money
    remaining: Money
    attempts: int
    due_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class EventLine:
    """A webhook that spoke of a record."""

    event_id: str
    type: str
    object_ref: str | None
    made_at: dt.datetime
    state: str


@dataclass(frozen=True, slots=True)
class PaymentStory:
    """A payment with everything that belongs to it; `read_at` is when Stripe last said something new of it."""

    payment: PaymentRow
    account: str
    received: Money
    fees: tuple[Money, ...]
    description: str | None
    canceled_at: dt.datetime | None
    read_at: dt.datetime
    customer: CustomerRow | None
    invoice: InvoiceLine | None
    charges: list[ChargeView]
    refunds: list[RefundView]
    disputes: list[DisputeView]
    movements: list[MovementView]
    payouts: list[PayoutRow]
    events: list[EventLine]


@dataclass(frozen=True, slots=True)
class PayoutStory:
    payout: PayoutRow
    account: str
    method: str
    descriptor: str | None
    composed_at: dt.datetime | None
    movements: list[MovementView]
    events: list[EventLine]


@dataclass(frozen=True, slots=True)
class CustomerStory:
    customer: CustomerRow
    account: str
    payments: list[PaymentRow]
    invoices: list[InvoiceLine]


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record found by its id; `kind` is payment, payout or customer. A customer has a name and no amount."""

    kind: str
    id: uuid.UUID
    stripe_id: str
    amount: Money | None
    name: str | None
