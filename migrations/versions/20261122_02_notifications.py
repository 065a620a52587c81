"""Messages waiting to go out by mail and chat."""

from __future__ import annotations

revision = "20261122_02_notifications"
down_revision = "20261122_01_audit_tree"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
