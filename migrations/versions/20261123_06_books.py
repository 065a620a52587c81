"""The books."""

from __future__ import annotations

revision = "20261123_06_books"
down_revision = "20261123_05_bank"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
