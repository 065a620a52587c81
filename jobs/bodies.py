"""Every file of jobs, imported here explicitly: a worker executes what stands in them."""

from __future__ import annotations

from jobs import bank, books, payments, reconciliation

__all__ = ["bank", "books", "payments", "reconciliation"]
