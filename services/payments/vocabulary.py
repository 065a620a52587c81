"""Words of the payments domain."""

from __future__ import annotations

import uuid
from enum import StrEnum

from pydantic import BaseModel, Field

from services.core.permissions import Permission
from services.runs import RunKind


class PaymentStatus(StrEnum):
    """What became of a payment (a payment intent and its charges).

    `failed` means the last try was declined or returned and the customer may try again; `incomplete` that
    nobody has tried yet.
    """

    SUCCEEDED = "succeeded"
    PROCESSING = "processing"
    FAILED = "failed"
    REQUIRES_ACTION = "requires_action"
    REQUIRES_CAPTURE = "requires_capture"
    INCOMPLETE = "incomplete"
    CANCELED = "canceled"


class ChargeStatus(StrEnum):
    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"


class InvoiceStatus(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    UNCOLLECTIBLE = "uncollectible"
    VOID = "void"


class PayoutStatus(StrEnum):
    PENDING = "pending"
    IN_TRANSIT = "in_transit"
    PAID = "paid"
    FAILED = "failed"
    CANCELED = "canceled"


class StripeObject(StrEnum):
    """The object types that are mirrored, each under Stripe's own name, in the order a sync reads them.

    Charges come before payments and everything before balance transactions, so that a first pass finds what
    it derives from already there.
    """

    CUSTOMER = "customer"
    CHARGE = "charge"
    INVOICE = "invoice"
    PAYMENT_INTENT = "payment_intent"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    BALANCE_TRANSACTION = "balance_transaction"


class WindowState(StrEnum):
    OPEN = "open"
    DONE = "done"


class EventState(StrEnum):
    """`superseded`: something newer was already known. `ignored`: of a type that is not mirrored."""

    RECEIVED = "received"
    APPLIED = "applied"
    SUPERSEDED = "superseded"
    IGNORED = "ignored"
    FAILED = "failed"


NO_COUNTRY = "ZZ"
NO_METHOD = "unknown"

SETTLED_PAYMENT = (PaymentStatus.SUCCEEDED, PaymentStatus.FAILED)
"""The states that count for a success rate: tried, and known how it ended."""

PAYOUT_CATEGORIES = ("payout", "payout_reversal")
"""Reporting categories of money that leaves to (or comes back from) the bank; they are no settlement entries."""


class SyncParams(BaseModel):
    """Which accounts are read: all, or those of one legal entity."""

    entity_id: uuid.UUID | None = None


class CheckParams(BaseModel):
    """What is compared with Stripe: everything that is covered, or what was made in the last `days`.

    With `repair`, what is missing is fetched and stored.
    """

    entity_id: uuid.UUID | None = None
    days: int | None = Field(default=None, ge=1)
    repair: bool = False


class ApplyEventsParams(BaseModel):
    """The account whose received events are applied."""

    entity_id: uuid.UUID
    account_id: uuid.UUID


INGEST_TURN = "payments/ingest"
"""Taken by whoever writes the mirror, so that `changed_seq` grows in the order of commits."""

SYNC = RunKind("payments.sync", SyncParams, Permission.PAYMENT_SYNC, priority=80)
CHECK = RunKind("payments.check", CheckParams, Permission.PAYMENT_SYNC, priority=120)
APPLY_EVENTS = RunKind("payments.apply_events", ApplyEventsParams, Permission.PAYMENT_SYNC, priority=50)
