"""The audit log becomes tamper-evident."""

from __future__ import annotations

revision = "20261122_01_audit_tree"
down_revision = "20261121_09_dunning"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
