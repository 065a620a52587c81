"""Approvals."""

from __future__ import annotations

revision = "20261123_04_approvals"
down_revision = "20261123_03_identity"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
