"""Payments."""

from __future__ import annotations

revision = "20261123_07_payments"
down_revision = "20261123_06_books"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
