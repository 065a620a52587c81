"""More statement formats, and completeness per account."""

from __future__ import annotations

revision = "20261122_05_bank"
down_revision = "20261122_04_approvals"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
