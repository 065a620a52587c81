"""Backfills: catalogue, draft, one from dry run to signature."""

from console.pages.backfills.backfill_list import BACKFILL_LIST
from console.pages.backfills.catalogue import CATALOGUE
from console.pages.backfills.draft import DRAFT
from console.pages.backfills.request import REQUEST
from console.pages.backfills.search import SEARCH

PAGES = (BACKFILL_LIST, CATALOGUE, DRAFT, REQUEST)

__all__ = ["PAGES", "SEARCH"]
