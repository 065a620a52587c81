"""What payments came to need."""

from __future__ import annotations

revision = "20261122_07_payments"
down_revision = "20261122_06_books"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
