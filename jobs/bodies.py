"""Every file of jobs, imported here explicitly: a worker executes what stands in them."""

from __future__ import annotations

from jobs import approvals, audit, backfills, bank, books, identity, notifications, payments, reconciliation

__all__ = [
    "approvals",
    "audit",
    "backfills",
    "bank",
    "books",
    "identity",
    "notifications",
    "payments",
    "reconciliation",
]
