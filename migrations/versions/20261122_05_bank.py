"""More statement formats, and completeness per account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_05_bank"
down_revision = "20261122_04_approvals"
branch_labels = None
depends_on = None

FORMATS = ("'camt.053'", "'camt.054'", "'mt940'", "'csv'")
REASONS = (("bank_file", "problem"), ("bank_rejection", "reason"))


def upgrade() -> None:
    for table, column in REASONS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE jsonb USING {_reason(column)}")
    op.add_column("bank_account", sa.Column("csv_mapping", postgresql.JSONB()))
    op.add_column("bank_account", sa.Column("closed_on", sa.Date()))
    op.add_column("bank_statement", sa.Column("format", sa.String(), nullable=False, server_default="camt.053"))
    op.alter_column("bank_statement", "format", server_default=None)
    op.create_check_constraint(
        op.f("ck_bank_statement_format_known"), "bank_statement", f"format IN ({', '.join(FORMATS)})"
    )
    _create_advice()
    _origins("'upload', 'folder', 'command', 'http', 'sql'")


def downgrade() -> None:
    _origins("'upload', 'folder', 'command'")
    op.drop_table("bank_advice")
    op.drop_constraint(op.f("ck_bank_statement_format_known"), "bank_statement")
    op.drop_column("bank_statement", "format")
    op.drop_column("bank_account", "closed_on")
    op.drop_column("bank_account", "csv_mapping")
    for table, column in REASONS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar USING {_sentence(column)}")


def _reason(column: str) -> str:
    """A sentence of before as a reason; none stays none."""
    document = f"jsonb_build_object('code', 'as_written', 'arguments', jsonb_build_object('text', {column}))"
    return f"CASE WHEN {column} IS NOT NULL THEN {document} END"


def _sentence(column: str) -> str:
    return f"CASE WHEN {column} IS NOT NULL THEN coalesce({column} #>> '{{arguments,text}}', {column} ->> 'code') END"


def _create_advice() -> None:
    op.create_table(
        "bank_advice",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("entity_id", sa.UUID(), nullable=False),
        sa.Column("account_id", sa.UUID(), nullable=False),
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("line_id", sa.UUID()),
        sa.Column("advice_key", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("booked_on", sa.Date(), nullable=False),
        sa.Column("references", postgresql.JSONB(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", postgresql.TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_bank_advice_currency_form")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_advice")),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name=op.f("fk_bank_advice_entity_id_legal_entity")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["bank_account.id"], name=op.f("fk_bank_advice_account_id_bank_account")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["bank_file.id"], name=op.f("fk_bank_advice_file_id_bank_file")),
        sa.ForeignKeyConstraint(["line_id"], ["bank_line.id"], name=op.f("fk_bank_advice_line_id_bank_line")),
        sa.UniqueConstraint("account_id", "advice_key", name=op.f("uq_bank_advice_account_id_advice_key")),
    )
    op.create_index(op.f("ix_bank_advice_file_id"), "bank_advice", ["file_id"])
    op.create_index(
        op.f("ix_bank_advice_entity_id"), "bank_advice", ["entity_id"], postgresql_where=sa.text("line_id IS NULL")
    )


def _origins(known: str) -> None:
    """The constraint under its own name; the first release gave it its prefix twice."""
    name = "ck_bank_file_origin_known"
    for given in (name, f"ck_bank_file_{name}"):
        op.execute(f"ALTER TABLE bank_file DROP CONSTRAINT IF EXISTS {given}")
    op.create_check_constraint(op.f(name), "bank_file", f"origin IN ({known})")
