"""Reconciliation."""

from __future__ import annotations

revision = "20261123_08_reconciliation"
down_revision = "20261123_07_payments"
branch_labels = None
depends_on = None


def upgrade() -> None: ...


def downgrade() -> None: ...
