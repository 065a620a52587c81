"""Reconciliation: overview, runs, breaks, matches, months, drift, rules."""

from console.pages.reconciliation.adjustments import ADJUSTMENT_LIST
from console.pages.reconciliation.basics import BASICS
from console.pages.reconciliation.break_page import BREAK_PAGE
from console.pages.reconciliation.drift import RECONCILIATION_DRIFT
from console.pages.reconciliation.matches import MATCH_LIST, MATCH_PAGE
from console.pages.reconciliation.month import RECONCILIATION_MONTH
from console.pages.reconciliation.overview import RECONCILIATION_OVERVIEW
from console.pages.reconciliation.periods import PERIOD_LIST
from console.pages.reconciliation.queue import BREAK_QUEUE
from console.pages.reconciliation.rules import RULE_BOOK
from console.pages.reconciliation.run import RECONCILIATION_RUN
from console.pages.reconciliation.search import SEARCH

PAGES = (
    RECONCILIATION_OVERVIEW,
    RECONCILIATION_RUN,
    BREAK_QUEUE,
    BREAK_PAGE,
    PERIOD_LIST,
    RULE_BOOK,
    RECONCILIATION_MONTH,
    RECONCILIATION_DRIFT,
    MATCH_LIST,
    MATCH_PAGE,
    ADJUSTMENT_LIST,
    BASICS,
)

__all__ = ["BREAK_PAGE", "BREAK_QUEUE", "PAGES", "RECONCILIATION_OVERVIEW", "RECONCILIATION_RUN", "SEARCH"]
