"""Tables of reconciliation."""

from __future__ import annotations

revision = "20261121_08_reconciliation"
down_revision = "20261121_07_books"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
