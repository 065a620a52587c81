"""Tables of payments: the mirror of Stripe, its cursors and windows, hourly sums, received events."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261121_05_payments"
down_revision = "20261121_04_runs"
branch_labels = None
depends_on = None

REF = sa.String(collation="C")
TABLES = [
    "webhook_event",
    "sync_window",
    "sync_cursor",
    "refund",
    "payout",
    "payment",
    "invoice",
    "dispute",
    "customer",
    "charge",
    "balance_transaction",
    "payment_rollup",
    "stripe_account",
]


def _mirrored(table: str) -> list[Any]:
    """What every mirrored table has."""
    return [
        sa.Column("id", sa.UUID(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("stripe_id", REF, nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("source_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column(
            "changed_seq", sa.BigInteger(), server_default=sa.text("nextval('payments_changed_seq')"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("account_id", "stripe_id", name=f"uq_{table}_account_id_stripe_id"),
        sa.ForeignKeyConstraint(
            ["account_id", "entity_id"],
            ["stripe_account.id", "stripe_account.entity_id"],
            name=f"fk_{table}_account_id_entity_id_stripe_account",
        ),
    ]


def _currency(table: str) -> sa.CheckConstraint:
    return sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=f"ck_{table}_currency_form")


def _one_of(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"ck_{table}_{column}_known")


def upgrade() -> None:
    op.execute("CREATE SEQUENCE payments_changed_seq")
    op.create_table(
        "stripe_account",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("stripe_account_id", sa.String()),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("events_due", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("connected_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_stripe_account_entity_id_legal_entity"),
        sa.PrimaryKeyConstraint("id", name="pk_stripe_account"),
        sa.UniqueConstraint("code", name="uq_stripe_account_code"),
        sa.UniqueConstraint("id", "entity_id", name="uq_stripe_account_id_entity_id"),
    )
    op.create_table(
        "payment_rollup",
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("hour", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("failure_reason", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("first_try_count", sa.BigInteger(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("received_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_payment_rollup_entity_id_legal_entity"),
        sa.PrimaryKeyConstraint(
            "entity_id", "hour", "currency", "method", "country", "status", "failure_reason", name="pk_payment_rollup"
        ),
    )
    op.create_table(
        "balance_transaction",
        *_mirrored("balance_transaction"),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("reporting_category", sa.String(), nullable=False),
        sa.Column("source_ref", REF),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("fee_minor", sa.BigInteger(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("available_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("description", sa.String()),
        sa.Column("payout_ref", REF),
        _currency("balance_transaction"),
        sa.CheckConstraint(
            "net_minor = amount_minor - fee_minor", name="ck_balance_transaction_net_is_amount_less_fee"
        ),
    )
    op.create_index("ix_balance_transaction_account_id_source_ref", "balance_transaction", ["account_id", "source_ref"])
    op.create_index("ix_balance_transaction_changed_seq", "balance_transaction", ["changed_seq"])
    op.create_index(
        "ix_balance_transaction_entity_id_created_at_id", "balance_transaction", ["entity_id", "created_at", "id"]
    )
    op.create_index("ix_balance_transaction_payout_ref", "balance_transaction", ["account_id", "payout_ref"])
    op.create_table(
        "charge",
        *_mirrored("charge"),
        sa.Column("payment_ref", REF, nullable=False),
        sa.Column("customer_ref", REF),
        sa.Column("balance_transaction_ref", REF),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("instrument", sa.String()),
        sa.Column("failure_code", sa.String()),
        sa.Column("decline_code", sa.String()),
        sa.Column("failure_message", sa.String()),
        _currency("charge"),
        _one_of("charge", "status", "succeeded", "pending", "failed"),
    )
    op.create_index("ix_charge_account_id_payment_ref", "charge", ["account_id", "payment_ref"])
    op.create_index("ix_charge_entity_id_created_at_id", "charge", ["entity_id", "created_at", "id"])
    op.create_index("ix_charge_pending", "charge", ["account_id"], postgresql_where=sa.text("status = 'pending'"))
    op.create_index(
        "ix_charge_failed",
        "charge",
        ["account_id", "payment_ref", "created_at"],
        postgresql_where=sa.text("status = 'failed'"),
    )
    op.create_table(
        "customer",
        *_mirrored("customer"),
        sa.Column("name", sa.String()),
        sa.Column("email", sa.String()),
        sa.Column("country", sa.String()),
        sa.Column("delinquent", sa.Boolean(), nullable=False),
        sa.Column("deleted", sa.Boolean(), nullable=False),
    )
    op.create_index("ix_customer_entity_id_created_at_id", "customer", ["entity_id", "created_at", "id"])
    op.create_table(
        "dispute",
        *_mirrored("dispute"),
        sa.Column("charge_ref", REF),
        sa.Column("payment_ref", REF),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("network_reason_code", sa.String()),
        sa.Column("evidence_due_at", sa.TIMESTAMP(timezone=True)),
        _currency("dispute"),
    )
    op.create_index("ix_dispute_account_id_charge_ref", "dispute", ["account_id", "charge_ref"])
    op.create_index("ix_dispute_entity_id_created_at_id", "dispute", ["entity_id", "created_at", "id"])
    op.create_table(
        "invoice",
        *_mirrored("invoice"),
        sa.Column("number", sa.String()),
        sa.Column("customer_ref", REF),
        sa.Column("payment_ref", REF),
        sa.Column("subscription_ref", REF),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("due_minor", sa.BigInteger(), nullable=False),
        sa.Column("paid_minor", sa.BigInteger(), nullable=False),
        sa.Column("remaining_minor", sa.BigInteger(), nullable=False),
        sa.Column("attempt_count", sa.BigInteger(), nullable=False),
        sa.Column("billing_reason", sa.String()),
        sa.Column("collection_method", sa.String()),
        sa.Column("due_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("next_attempt_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("finalized_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("paid_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("voided_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("uncollectible_at", sa.TIMESTAMP(timezone=True)),
        _currency("invoice"),
        _one_of("invoice", "status", "draft", "open", "paid", "uncollectible", "void"),
    )
    op.create_index("ix_invoice_account_id_customer_ref", "invoice", ["account_id", "customer_ref"])
    op.create_index("ix_invoice_entity_id_created_at_id", "invoice", ["entity_id", "created_at", "id"])
    op.create_index(
        "ix_invoice_open", "invoice", ["account_id", "due_at"], postgresql_where=sa.text("status IN ('draft', 'open')")
    )
    op.create_index(
        "ix_invoice_payment_ref",
        "invoice",
        ["account_id", "payment_ref"],
        postgresql_where=sa.text("payment_ref IS NOT NULL"),
    )
    op.create_table(
        "payment",
        *_mirrored("payment"),
        sa.Column("hour", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("intent_status", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("received_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("failure_code", sa.String()),
        sa.Column("decline_code", sa.String()),
        sa.Column("failure_reason", sa.String(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("disputed", sa.Boolean(), nullable=False),
        sa.Column("customer_ref", REF),
        sa.Column("invoice_ref", REF),
        sa.Column("charge_ref", REF),
        sa.Column("description", sa.String()),
        sa.Column("canceled_at", sa.TIMESTAMP(timezone=True)),
        _currency("payment"),
        _one_of(
            "payment",
            "status",
            "succeeded",
            "processing",
            "failed",
            "requires_action",
            "requires_capture",
            "incomplete",
            "canceled",
        ),
    )
    op.create_index(
        "ix_payment_account_id_customer_ref_created_at", "payment", ["account_id", "customer_ref", "created_at"]
    )
    op.create_index("ix_payment_entity_id_created_at_id", "payment", ["entity_id", "created_at", "id"])
    op.create_index(
        "ix_payment_failed", "payment", ["entity_id", "created_at"], postgresql_where=sa.text("status = 'failed'")
    )
    op.create_table(
        "payout",
        *_mirrored("payout"),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("arrival_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("arrival_on", sa.Date(), nullable=False),
        sa.Column("trace_ref", sa.String()),
        sa.Column("statement_descriptor", sa.String()),
        sa.Column("reconciliation_status", sa.String()),
        sa.Column("failure_code", sa.String()),
        sa.Column("composed_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("composed_count", sa.BigInteger()),
        _currency("payout"),
        _one_of("payout", "status", "pending", "in_transit", "paid", "failed", "canceled"),
    )
    op.create_index("ix_payout_changed_seq", "payout", ["changed_seq"])
    op.create_index("ix_payout_entity_id_created_at_id", "payout", ["entity_id", "created_at", "id"])
    op.create_table(
        "refund",
        *_mirrored("refund"),
        sa.Column("charge_ref", REF),
        sa.Column("payment_ref", REF),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String()),
        sa.Column("failure_reason", sa.String()),
        _currency("refund"),
    )
    op.create_index("ix_refund_account_id_charge_ref", "refund", ["account_id", "charge_ref"])
    op.create_index("ix_refund_entity_id_created_at_id", "refund", ["entity_id", "created_at", "id"])
    op.create_table(
        "sync_cursor",
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("object_type", sa.String(), nullable=False),
        sa.Column("covered_from", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("covered_until", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("read_at", sa.TIMESTAMP(timezone=True), nullable=False),
        _one_of(
            "sync_cursor",
            "object_type",
            "customer",
            "charge",
            "invoice",
            "payment_intent",
            "refund",
            "dispute",
            "payout",
            "balance_transaction",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["stripe_account.id"], name="fk_sync_cursor_account_id_stripe_account"),
        sa.PrimaryKeyConstraint("account_id", "object_type", name="pk_sync_cursor"),
    )
    op.create_table(
        "sync_window",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("run_id", sa.UUID()),
        sa.Column("object_type", sa.String(), nullable=False),
        sa.Column("from_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("to_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("after_ref", sa.String(collation="C")),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_changed", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("done_at", sa.TIMESTAMP(timezone=True)),
        _one_of(
            "sync_window",
            "object_type",
            "customer",
            "charge",
            "invoice",
            "payment_intent",
            "refund",
            "dispute",
            "payout",
            "balance_transaction",
        ),
        _one_of("sync_window", "state", "open", "done"),
        sa.CheckConstraint("from_at < to_at", name="ck_sync_window_not_empty"),
        sa.ForeignKeyConstraint(["account_id"], ["stripe_account.id"], name="fk_sync_window_account_id_stripe_account"),
        sa.PrimaryKeyConstraint("id", name="pk_sync_window"),
    )
    op.create_index(
        "ix_sync_window_account_id_object_type_from_at", "sync_window", ["account_id", "object_type", "from_at"]
    )
    op.create_table(
        "webhook_event",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("object_type", sa.String()),
        sa.Column("object_ref", sa.String(collation="C")),
        sa.Column("made_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("received_at", sa.TIMESTAMP(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("applied_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("error", sa.Text()),
        _one_of("webhook_event", "state", "received", "applied", "superseded", "ignored", "failed"),
        sa.ForeignKeyConstraint(
            ["account_id", "entity_id"],
            ["stripe_account.id", "stripe_account.entity_id"],
            name="fk_webhook_event_account_id_entity_id_stripe_account",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_webhook_event"),
        sa.UniqueConstraint("provider", "account_id", "event_id", name="uq_webhook_event_provider_account_id_event_id"),
    )
    op.create_index("ix_webhook_event_account_id_object_ref", "webhook_event", ["account_id", "object_ref"])
    op.create_index(
        "ix_webhook_event_waiting",
        "webhook_event",
        ["account_id", "received_at"],
        postgresql_where=sa.text("state = 'received'"),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.execute("DROP SEQUENCE payments_changed_seq")
