"""More statement formats, and completeness per account."""

from __future__ import annotations

from alembic import op

revision = "20261122_05_bank"
down_revision = "20261122_04_approvals"
branch_labels = None
depends_on = None

REASONS = (("bank_file", "problem"), ("bank_rejection", "reason"))


def upgrade() -> None:
    for table, column in REASONS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE jsonb USING {_reason(column)}")


def downgrade() -> None:
    for table, column in REASONS:
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar USING {_sentence(column)}")


def _reason(column: str) -> str:
    """A sentence of before as a reason; none stays none."""
    document = f"jsonb_build_object('code', 'as_written', 'arguments', jsonb_build_object('text', {column}))"
    return f"CASE WHEN {column} IS NOT NULL THEN {document} END"


def _sentence(column: str) -> str:
    return f"CASE WHEN {column} IS NOT NULL THEN coalesce({column} #>> '{{arguments,text}}', {column} ->> 'code') END"
