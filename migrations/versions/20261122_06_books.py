"""Books over HTTP and SQL, and bookkeeping vouchers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_06_books"
down_revision = "20261122_05_bank"
branch_labels = None
depends_on = None

REASONS = (("ledger_file", "problem"), ("ledger_rejection", "reason"))


def upgrade() -> None:
    for table, column in REASONS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE jsonb USING {_reason(column)}")
    op.add_column("ledger_rejection", sa.Column("member", sa.String(), nullable=False, server_default=""))
    op.alter_column("ledger_rejection", "member", server_default=None)
    op.add_column("ledger_source", sa.Column("expects", sa.String(), nullable=False, server_default="every_day"))
    op.alter_column("ledger_source", "expects", server_default=None)
    op.create_check_constraint(
        op.f("ck_ledger_source_expects_known"), "ledger_source", "expects IN ('every_day', 'weekdays', 'nothing')"
    )
    _create_days()
    _create_query()
    _create_requests()
    _create_vouchers()
    _origins("'upload', 'folder', 'command', 'http', 'sql'")


def downgrade() -> None:
    _origins("'upload', 'folder', 'command'")
    for table in ("voucher_sync", "voucher"):
        op.drop_table(table)
    op.execute(sa.schema.DropSequence(sa.Sequence("voucher_changed_seq")))
    for table in ("idempotent_request", "ledger_query", "ledger_day"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_ledger_source_expects_known"), "ledger_source")
    op.drop_column("ledger_source", "expects")
    op.drop_column("ledger_rejection", "member")
    for table, column in REASONS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar USING {_sentence(column)}")


def _reason(column: str) -> str:
    """A sentence of before as a reason; none stays none."""
    document = f"jsonb_build_object('code', 'as_written', 'arguments', jsonb_build_object('text', {column}))"
    return f"CASE WHEN {column} IS NOT NULL THEN {document} END"


def _sentence(column: str) -> str:
    return f"CASE WHEN {column} IS NOT NULL THEN coalesce({column} #>> '{{arguments,text}}', {column} ->> 'code') END"


def _create_days() -> None:
    op.create_table(
        "ledger_day",
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("source_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("file_id", "day", name=op.f("pk_ledger_day")),
        sa.ForeignKeyConstraint(
            ["file_id"], ["ledger_file.id"], name=op.f("fk_ledger_day_file_id_ledger_file"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["ledger_source.id"], name=op.f("fk_ledger_day_source_id_ledger_source")
        ),
    )
    op.create_index(op.f("ix_ledger_day_source_id_day"), "ledger_day", ["source_id", "day"])
    op.execute(
        """
        INSERT INTO ledger_day (file_id, day, source_id)
        SELECT id, named.day::date, source_id
        FROM ledger_file, substring(name FROM '20[0-9]{2}-[01][0-9]-[0-3][0-9]') AS named(day)
        WHERE status <> 'rejected' AND named.day IS NOT NULL AND pg_input_is_valid(named.day, 'date')
        """
    )
    op.execute(
        """
        INSERT INTO ledger_day (file_id, day, source_id)
        SELECT DISTINCT e.file_id, e.booked_on, e.source_id FROM ledger_entry e
        WHERE NOT EXISTS (SELECT FROM ledger_day d WHERE d.file_id = e.file_id)
        """
    )


def _create_query() -> None:
    op.create_table(
        "ledger_query",
        sa.Column("source_id", sa.UUID(), nullable=False),
        sa.Column("database", sa.String(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("timeout_seconds", sa.BigInteger(), nullable=False),
        sa.Column("row_cap", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_ledger_query")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["ledger_source.id"], name=op.f("fk_ledger_query_source_id_ledger_source")
        ),
    )


def _create_requests() -> None:
    op.create_table(
        "idempotent_request",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("answer", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_idempotent_request")),
    )


def _create_vouchers() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("voucher_changed_seq")))
    moment = postgresql.TIMESTAMP(timezone=True)
    op.create_table(
        "voucher",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("voucher_on", sa.Date(), nullable=False),
        sa.Column("voucher_at", moment, nullable=False),
        sa.Column("due_on", sa.Date()),
        sa.Column("contact", sa.String()),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("open_minor", sa.BigInteger()),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column(
            "changed_seq", sa.BigInteger(), server_default=sa.text("nextval('voucher_changed_seq')"), nullable=False
        ),
        sa.Column("created_at", moment, server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_voucher_currency_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher")),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name=op.f("fk_voucher_entity_id_legal_entity")),
        sa.UniqueConstraint(
            "entity_id", "provider", "external_id", name=op.f("uq_voucher_entity_id_provider_external_id")
        ),
    )
    op.create_index(op.f("ix_voucher_entity_id_voucher_on"), "voucher", ["entity_id", "voucher_on"])
    op.create_index(op.f("ix_voucher_changed_seq"), "voucher", ["changed_seq"])
    op.create_table(
        "voucher_sync",
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("synced_through", sa.Date(), nullable=False),
        sa.Column("synced_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "provider", name=op.f("pk_voucher_sync")),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["legal_entity.id"], name=op.f("fk_voucher_sync_entity_id_legal_entity")
        ),
    )


def _origins(known: str) -> None:
    """The constraint under its own name; the first release gave it its prefix twice."""
    name = "ck_ledger_file_origin_known"
    for given in (name, f"ck_ledger_file_{name}"):
        op.execute(f"ALTER TABLE ledger_file DROP CONSTRAINT IF EXISTS {given}")
    op.create_check_constraint(op.f(name), "ledger_file", f"origin IN ({known})")
