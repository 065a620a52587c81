"""A month of the books beside its vouchers, added up once.

Revision ID: 20261126_40_desk
Revises: 20261125_30_recon_engine
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "20261126_40_desk"
down_revision: str | None = "20261125_30_recon_engine"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_EVERY_MONTH = """
INSERT INTO voucher_month (entity_id, first_day)
SELECT DISTINCT entity_id, date_trunc('month', day)::date FROM (
    SELECT entity_id, voucher_on AS day FROM voucher
    UNION SELECT entity_id, booked_on FROM ledger_entry WHERE entity_id IN (SELECT entity_id FROM voucher)
) days
"""


def upgrade() -> None:
    op.create_table(
        "voucher_month",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("stale", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("rolled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("extract(day FROM first_day) = 1", name=op.f("ck_voucher_month_begins_with_a_month")),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["legal_entity.id"], name=op.f("fk_voucher_month_entity_id_legal_entity")
        ),
        sa.PrimaryKeyConstraint("entity_id", "first_day", name=op.f("pk_voucher_month")),
    )
    op.create_table(
        "voucher_month_part",
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("items", sa.BigInteger(), nullable=False),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["legal_entity.id"], name=op.f("fk_voucher_month_part_entity_id_legal_entity")
        ),
        sa.PrimaryKeyConstraint("entity_id", "first_day", "part", "currency", name=op.f("pk_voucher_month_part")),
    )
    op.create_table(
        "voucher_month_item",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("entity_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("booked_minor", sa.BigInteger(), nullable=True),
        sa.Column("issued_minor", sa.BigInteger(), nullable=True),
        sa.Column("minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entity_id"], ["legal_entity.id"], name=op.f("fk_voucher_month_item_entity_id_legal_entity")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voucher_month_item")),
    )
    op.create_index("ix_voucher_month_item_place", "voucher_month_item", ["entity_id", "first_day", "part", "currency"])
    op.create_index(op.f("ix_voucher_month_item_entity_id_number"), "voucher_month_item", ["entity_id", "number"])
    op.execute(_EVERY_MONTH)


def downgrade() -> None:
    for table in ("voucher_month_item", "voucher_month_part", "voucher_month"):
        op.drop_table(table)
