"""Versioned rules, allocations, periods and evidence."""

from __future__ import annotations

revision = "20261122_08_reconciliation"
down_revision = "20261122_07_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
