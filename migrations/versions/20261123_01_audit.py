"""The audit log."""

from __future__ import annotations

revision = "20261123_01_audit"
down_revision = "20261122_09_backfills"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
