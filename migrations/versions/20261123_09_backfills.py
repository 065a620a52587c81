"""Backfills."""

from __future__ import annotations

revision = "20261123_09_backfills"
down_revision = "20261123_08_reconciliation"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
