"""Tables of payments: a mirror of Stripe, what is known of its completeness, and hourly sums."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Sequence,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from services.core.db import Base, one_of
from services.core.ids import new_id
from services.payments import vocabulary as v

CHANGES = Sequence("payments_changed_seq", metadata=Base.metadata)
_NEXT_CHANGE = text("nextval('payments_changed_seq')")
Ref = String(collation="C")


def _currency() -> CheckConstraint:
    return CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form")


class StripeAccount(Base):
    """One Stripe account of a legal entity. `code` is the key it has in the settings; no secret stands here.

    `time_zone` is the entity's, kept beside the account because business days and hours are computed in bulk.
    `events_due` says that a run was queued which has not yet looked for received events.
    """

    __tablename__ = "stripe_account"
    __table_args__ = (UniqueConstraint("code"), UniqueConstraint("id", "entity_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"))
    code: Mapped[str]
    stripe_account_id: Mapped[str | None]
    time_zone: Mapped[str]
    events_due: Mapped[bool] = mapped_column(server_default=text("false"))
    connected_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class _OfAccount:
    """What every mirrored row has.

    `source_at` is when this state of the object was read (or its event made): an older one never overwrites a
    newer. `changed_seq` grows with every insert and real change, in commit order.
    """

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=text("uuidv7()"))
    entity_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID]
    stripe_id: Mapped[str] = mapped_column(Ref)
    created_at: Mapped[dt.datetime]
    source_at: Mapped[dt.datetime]
    changed_seq: Mapped[int] = mapped_column(server_default=_NEXT_CHANGE)

    _extra: tuple[Any, ...] = ()

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:
        return (
            UniqueConstraint("account_id", "stripe_id"),
            ForeignKeyConstraint(["account_id", "entity_id"], ["stripe_account.id", "stripe_account.entity_id"]),
            Index(None, "entity_id", "created_at", "id"),
            *cls._extra,
        )


class Customer(_OfAccount, Base):
    __tablename__ = "customer"

    name: Mapped[str | None]
    email: Mapped[str | None]
    country: Mapped[str | None]
    delinquent: Mapped[bool]
    deleted: Mapped[bool]


class Charge(_OfAccount, Base):
    """One try to collect. `payment_ref` is its payment intent, or itself when it was made without one."""

    __tablename__ = "charge"
    _extra = (
        one_of("status", v.ChargeStatus),
        _currency(),
        Index(None, "account_id", "payment_ref"),
        Index("ix_charge_pending", "account_id", postgresql_where=text("status = 'pending'")),
        Index(
            "ix_charge_failed", "account_id", "payment_ref", "created_at", postgresql_where=text("status = 'failed'")
        ),
    )

    payment_ref: Mapped[str] = mapped_column(Ref)
    customer_ref: Mapped[str | None] = mapped_column(Ref)
    balance_transaction_ref: Mapped[str | None] = mapped_column(Ref)
    amount_minor: Mapped[int]
    refunded_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    disputed: Mapped[bool]
    method: Mapped[str]
    country: Mapped[str]
    instrument: Mapped[str | None]
    failure_code: Mapped[str | None]
    decline_code: Mapped[str | None]
    failure_message: Mapped[str | None]


class Invoice(_OfAccount, Base):
    __tablename__ = "invoice"
    _extra = (
        one_of("status", v.InvoiceStatus),
        _currency(),
        Index(None, "account_id", "customer_ref"),
        Index("ix_invoice_payment_ref", "account_id", "payment_ref", postgresql_where=text("payment_ref IS NOT NULL")),
        Index("ix_invoice_open", "account_id", "due_at", postgresql_where=text("status IN ('draft', 'open')")),
    )

    number: Mapped[str | None]
    customer_ref: Mapped[str | None] = mapped_column(Ref)
    payment_ref: Mapped[str | None] = mapped_column(Ref)
    subscription_ref: Mapped[str | None] = mapped_column(Ref)
    status: Mapped[str]
    currency: Mapped[str]
    total_minor: Mapped[int]
    due_minor: Mapped[int]
    paid_minor: Mapped[int]
    remaining_minor: Mapped[int]
    attempt_count: Mapped[int]
    billing_reason: Mapped[str | None]
    collection_method: Mapped[str | None]
    due_at: Mapped[dt.datetime | None]
    next_attempt_at: Mapped[dt.datetime | None]
    finalized_at: Mapped[dt.datetime | None]
    paid_at: Mapped[dt.datetime | None]
    voided_at: Mapped[dt.datetime | None]
    uncollectible_at: Mapped[dt.datetime | None]


class Payment(_OfAccount, Base):
    """A payment intent with what its charges and its invoice say; the rollup counts exactly these rows.

    `hour` is the first instant of the local hour of creation; `failure_reason` is the decline code, else the
    failure code, else empty; `attempts` counts charges.
    `net_minor`, in `settlement_currency`, is what Stripe credited for it: written with payments made since the account
    was connected, and by backfills for those before.
    """

    __tablename__ = "payment"
    _extra = (
        one_of("status", v.PaymentStatus),
        _currency(),
        Index(None, "account_id", "customer_ref", "created_at"),
        Index("ix_payment_failed", "entity_id", "created_at", postgresql_where=text("status = 'failed'")),
    )

    hour: Mapped[dt.datetime]
    intent_status: Mapped[str]
    status: Mapped[str]
    amount_minor: Mapped[int]
    received_minor: Mapped[int]
    refunded_minor: Mapped[int]
    currency: Mapped[str]
    method: Mapped[str]
    country: Mapped[str]
    failure_code: Mapped[str | None]
    decline_code: Mapped[str | None]
    failure_reason: Mapped[str]
    attempts: Mapped[int]
    disputed: Mapped[bool]
    customer_ref: Mapped[str | None] = mapped_column(Ref)
    invoice_ref: Mapped[str | None] = mapped_column(Ref)
    charge_ref: Mapped[str | None] = mapped_column(Ref)
    description: Mapped[str | None]
    canceled_at: Mapped[dt.datetime | None]
    net_minor: Mapped[int | None]
    settlement_currency: Mapped[str | None]


class Refund(_OfAccount, Base):
    __tablename__ = "refund"
    _extra = (_currency(), Index(None, "account_id", "charge_ref"))

    charge_ref: Mapped[str | None] = mapped_column(Ref)
    payment_ref: Mapped[str | None] = mapped_column(Ref)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str | None]
    failure_reason: Mapped[str | None]


class Dispute(_OfAccount, Base):
    __tablename__ = "dispute"
    _extra = (_currency(), Index(None, "account_id", "charge_ref"))

    charge_ref: Mapped[str | None] = mapped_column(Ref)
    payment_ref: Mapped[str | None] = mapped_column(Ref)
    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    reason: Mapped[str]
    network_reason_code: Mapped[str | None]
    evidence_due_at: Mapped[dt.datetime | None]


class Payout(_OfAccount, Base):
    """Money sent to the bank. `composed_at` is when its balance transactions were read completely."""

    __tablename__ = "payout"
    _extra = (
        one_of("status", v.PayoutStatus),
        _currency(),
        Index(None, "changed_seq"),
    )

    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    automatic: Mapped[bool]
    method: Mapped[str]
    arrival_at: Mapped[dt.datetime]
    arrival_on: Mapped[dt.date]
    trace_ref: Mapped[str | None]
    statement_descriptor: Mapped[str | None]
    reconciliation_status: Mapped[str | None]
    failure_code: Mapped[str | None]
    composed_at: Mapped[dt.datetime | None]
    composed_count: Mapped[int | None]


class BalanceTransaction(_OfAccount, Base):
    """One movement of the Stripe balance: `net = amount - fee`, amount signed, fee positive.

    `status` is the present state of its source (charge, refund, dispute); `payout_ref` is the payout that paid
    it out; `booked_on` the business day in the entity's zone.
    """

    __tablename__ = "balance_transaction"
    _extra = (
        _currency(),
        CheckConstraint("net_minor = amount_minor - fee_minor", name="net_is_amount_less_fee"),
        Index(None, "changed_seq"),
        Index(None, "account_id", "source_ref"),
        Index("ix_balance_transaction_payout_ref", "account_id", "payout_ref"),
    )

    type: Mapped[str]
    reporting_category: Mapped[str]
    source_ref: Mapped[str | None] = mapped_column(Ref)
    amount_minor: Mapped[int]
    fee_minor: Mapped[int]
    net_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    available_at: Mapped[dt.datetime | None]
    booked_on: Mapped[dt.date]
    description: Mapped[str | None]
    payout_ref: Mapped[str | None] = mapped_column(Ref)


class BalanceDay(Base):
    """Movements of the balance added up by day, category and payout, kept exact by triggers on the movements.

    `payout_ref` is the payout that paid them out, `paid_ref` the payout that a row of the category `payout` is; empty
    where there is none.
    """

    __tablename__ = "balance_day"
    __table_args__ = (
        PrimaryKeyConstraint(
            "account_id", "booked_on", "currency", "reporting_category", "payout_ref", "paid_ref", name="pk_balance_day"
        ),
        ForeignKeyConstraint(["account_id", "entity_id"], ["stripe_account.id", "stripe_account.entity_id"]),
        Index(None, "entity_id", "booked_on"),
    )

    entity_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID]
    booked_on: Mapped[dt.date]
    currency: Mapped[str]
    reporting_category: Mapped[str]
    payout_ref: Mapped[str] = mapped_column(Ref)
    paid_ref: Mapped[str] = mapped_column(Ref)
    items: Mapped[int]
    amount_minor: Mapped[int]
    fee_minor: Mapped[int]
    net_minor: Mapped[int]


class PaymentRollup(Base):
    """Counts and sums of `payment` per local hour; kept exact by the statement that changes a payment."""

    __tablename__ = "payment_rollup"

    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("legal_entity.id"), primary_key=True)
    hour: Mapped[dt.datetime] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    method: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(primary_key=True)
    failure_reason: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
    first_try_count: Mapped[int]
    amount_minor: Mapped[int]
    received_minor: Mapped[int]
    refunded_minor: Mapped[int]


class SyncCursor(Base):
    """How far one object type of one account is complete: everything created before `covered_until` was read.

    `read_at` is when it was last read; an event made before that carries nothing new.
    """

    __tablename__ = "sync_cursor"
    __table_args__ = (one_of("object_type", v.StripeObject),)

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stripe_account.id"), primary_key=True)
    object_type: Mapped[str] = mapped_column(primary_key=True)
    covered_from: Mapped[dt.datetime]
    covered_until: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime]


class SyncWindow(Base):
    """One stretch of creation time being read or read: [from_at, to_at), newest first, at `after_ref` by now."""

    __tablename__ = "sync_window"
    __table_args__ = (
        one_of("object_type", v.StripeObject),
        one_of("state", v.WindowState),
        CheckConstraint("from_at < to_at", name="not_empty"),
        Index(None, "account_id", "object_type", "from_at"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("stripe_account.id"))
    run_id: Mapped[uuid.UUID | None]
    object_type: Mapped[str]
    from_at: Mapped[dt.datetime]
    to_at: Mapped[dt.datetime]
    after_ref: Mapped[str | None] = mapped_column(Ref)
    rows_read: Mapped[int] = mapped_column(default=0)
    rows_changed: Mapped[int] = mapped_column(default=0)
    state: Mapped[str] = mapped_column(default=v.WindowState.OPEN)
    opened_at: Mapped[dt.datetime]
    done_at: Mapped[dt.datetime | None]


class WebhookEvent(Base):
    """An event as it was received, stored once per account and event id, with its raw body."""

    __tablename__ = "webhook_event"
    __table_args__ = (
        UniqueConstraint("provider", "account_id", "event_id"),
        ForeignKeyConstraint(["account_id", "entity_id"], ["stripe_account.id", "stripe_account.entity_id"]),
        one_of("state", v.EventState),
        Index("ix_webhook_event_waiting", "account_id", "received_at", postgresql_where=text("state = 'received'")),
        Index(None, "account_id", "object_ref"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    entity_id: Mapped[uuid.UUID]
    account_id: Mapped[uuid.UUID]
    provider: Mapped[str]
    event_id: Mapped[str]
    type: Mapped[str]
    object_type: Mapped[str | None]
    object_ref: Mapped[str | None] = mapped_column(Ref)
    made_at: Mapped[dt.datetime]
    received_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(default=v.EventState.RECEIVED)
    applied_at: Mapped[dt.datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
