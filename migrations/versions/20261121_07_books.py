"""Tables of books."""

from __future__ import annotations

revision = "20261121_07_books"
down_revision = "20261121_06_bank"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
