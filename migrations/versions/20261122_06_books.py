"""Books over HTTP and SQL, and bookkeeping vouchers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

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


def downgrade() -> None:
    op.drop_column("ledger_rejection", "member")
    for table, column in REASONS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar USING {_sentence(column)}")


def _reason(column: str) -> str:
    """A sentence of before as a reason; none stays none."""
    document = f"jsonb_build_object('code', 'as_written', 'arguments', jsonb_build_object('text', {column}))"
    return f"CASE WHEN {column} IS NOT NULL THEN {document} END"


def _sentence(column: str) -> str:
    return f"CASE WHEN {column} IS NOT NULL THEN coalesce({column} #>> '{{arguments,text}}', {column} ->> 'code') END"
