"""Reconciliation: overview, runs, breaks."""

from console.pages.reconciliation.break_page import BREAK_PAGE
from console.pages.reconciliation.overview import RECONCILIATION_OVERVIEW
from console.pages.reconciliation.periods import PERIOD_LIST
from console.pages.reconciliation.queue import BREAK_QUEUE
from console.pages.reconciliation.rules import RULE_BOOK
from console.pages.reconciliation.run import RECONCILIATION_RUN
from console.pages.reconciliation.search import SEARCH

PAGES = (RECONCILIATION_OVERVIEW, RECONCILIATION_RUN, BREAK_QUEUE, BREAK_PAGE, PERIOD_LIST, RULE_BOOK)

__all__ = ["BREAK_PAGE", "BREAK_QUEUE", "PAGES", "RECONCILIATION_OVERVIEW", "RECONCILIATION_RUN", "SEARCH"]
