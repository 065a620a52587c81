"""Bank files."""

from __future__ import annotations

revision = "20261123_05_bank"
down_revision = "20261123_04_approvals"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
