"""Legal entities, people, sessions and rights."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "20261121_03_identity"
down_revision = "20261121_02_audit"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "legal_entity",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("created_at", sa.TIMESTAMP(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("code", name="uq_legal_entity_code"),
        sa.CheckConstraint("code ~ '^[a-z][a-z0-9-]{1,30}$'", name="ck_legal_entity_code_form"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="ck_legal_entity_currency_form"),
    )


def downgrade() -> None:
    op.drop_table("legal_entity")
