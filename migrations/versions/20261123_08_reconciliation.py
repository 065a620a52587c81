"""The desk: saved views of the queue, severity by amount, drift day by day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261123_08_reconciliation"
down_revision = "20261123_07_payments"
branch_labels = None
depends_on = None

_SEVERITIES = """
INSERT INTO recon_severity (currency, notable_minor, severe_minor, changed_by, changed_at)
SELECT currency, notable, severe, 'Kontor', now()
FROM (VALUES ('EUR', 10000, 100000), ('CHF', 10000, 100000), ('USD', 10000, 100000), ('GBP', 10000, 100000),
             ('JPY', 15000, 150000)) AS shipped (currency, notable, severe)
"""


def upgrade() -> None:
    _desk()


def downgrade() -> None:
    for table in ("recon_day_drift", "recon_severity", "recon_saved_view"):
        op.drop_table(table)


def _desk() -> None:
    op.create_table(
        "recon_saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recon_saved_view"),
        sa.UniqueConstraint("user_id", "name", name="uq_recon_saved_view_user_id_name"),
    )
    op.create_table(
        "recon_severity",
        sa.Column("currency", sa.String(collation="C"), nullable=False),
        sa.Column("notable_minor", sa.BigInteger(), nullable=False),
        sa.Column("severe_minor", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("currency", name="pk_recon_severity"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="ck_recon_severity_currency_form"),
        sa.CheckConstraint(
            "0 < notable_minor AND notable_minor < severe_minor", name="ck_recon_severity_steps_in_order"
        ),
    )
    op.execute(_SEVERITIES)
    op.create_table(
        "recon_day_drift",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("definition", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("currency", sa.String(collation="C"), nullable=False),
        sa.Column("break_class", sa.String(), nullable=False),
        sa.Column("breaks", sa.BigInteger(), nullable=False),
        sa.Column("open_minor", sa.BigInteger(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("left_minor", sa.BigInteger(), nullable=False),
        sa.Column("run_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", "definition", "day", "currency", "break_class", name="pk_recon_day_drift"),
        sa.ForeignKeyConstraint(["entity_id"], ["legal_entity.id"], name="fk_recon_day_drift_entity_id_legal_entity"),
        sa.ForeignKeyConstraint(
            ["definition"], ["recon_definition.code"], name="fk_recon_day_drift_definition_recon_definition"
        ),
        sa.CheckConstraint(
            "breaks >= 0 AND open_minor >= 0 AND left_minor >= 0", name="ck_recon_day_drift_not_negative"
        ),
    )
