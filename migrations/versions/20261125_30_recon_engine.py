"""Breaks that people resolved and that still stand, found without passing over all others."""

from __future__ import annotations

from alembic import op

revision = "20261125_30_recon_engine"
down_revision = "20261124_40_desk"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "CREATE INDEX ix_recon_break_resolved ON recon_break (entity_id, definition) "
        "WHERE state = 'resolved' AND closed_seq IS NULL"
    )


def downgrade() -> None:
    op.execute("DROP INDEX ix_recon_break_resolved")
