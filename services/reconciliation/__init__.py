"""Reconciliation: books against Stripe, Stripe's payouts against the bank; breaks, their work, and the signature."""

from services.reconciliation.ingest import Refreshed, refresh_entries, tidy_entries
from services.reconciliation.queries import newest_runs, recent_runs, run_by_id, totals_of
from services.reconciliation.service import Starter, last_closed_day, reconcile
from services.reconciliation.views import BreakView, RunView, SignatureView, TotalView
from services.reconciliation.vocabulary import (
    SIDES,
    BreakClass,
    BreakState,
    Definition,
    Resolution,
    Rule,
    SourceKind,
    Span,
    WhyExpected,
)

__all__ = [
    "SIDES",
    "BreakClass",
    "BreakState",
    "BreakView",
    "Definition",
    "Refreshed",
    "Resolution",
    "Rule",
    "RunView",
    "SignatureView",
    "SourceKind",
    "Span",
    "Starter",
    "TotalView",
    "WhyExpected",
    "last_closed_day",
    "newest_runs",
    "recent_runs",
    "reconcile",
    "refresh_entries",
    "run_by_id",
    "tidy_entries",
    "totals_of",
]
