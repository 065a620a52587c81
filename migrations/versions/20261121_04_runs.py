"""Tables of runs."""

from __future__ import annotations

revision = "20261121_04_runs"
down_revision = "20261121_03_identity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
