"""Books over HTTP and SQL, and bookkeeping vouchers."""

from __future__ import annotations

revision = "20261122_06_books"
down_revision = "20261122_05_bank"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
