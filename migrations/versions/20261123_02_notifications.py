"""Notifications."""

from __future__ import annotations

revision = "20261123_02_notifications"
down_revision = "20261123_01_audit"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
