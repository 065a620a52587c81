"""Requests, votes and policies of four eyes."""

from __future__ import annotations

revision = "20261122_04_approvals"
down_revision = "20261122_03_identity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
