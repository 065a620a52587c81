"""Tables of payments."""

from __future__ import annotations

revision = "20261121_05_payments"
down_revision = "20261121_04_runs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
