"""Tables of bank."""

from __future__ import annotations

revision = "20261121_06_bank"
down_revision = "20261121_05_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
