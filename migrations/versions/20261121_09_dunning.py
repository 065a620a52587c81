"""Tables of dunning."""

from __future__ import annotations

revision = "20261121_09_dunning"
down_revision = "20261121_08_reconciliation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
