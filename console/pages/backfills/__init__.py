"""Backfills: catalogue, draft, one from dry run to signature."""

from console.pages.backfills.backfill_list import BACKFILL_LIST
from console.pages.backfills.calendar import CALENDAR
from console.pages.backfills.catalogue import CATALOGUE
from console.pages.backfills.draft import DRAFT
from console.pages.backfills.request import REQUEST
from console.pages.backfills.run import RUN
from console.pages.backfills.search import SEARCH
from console.pages.backfills.sign_off import SIGN_OFF
from console.pages.backfills.verification import VERIFICATION
from console.pages.backfills.way_back import WAY_BACK

PAGES = (BACKFILL_LIST, CATALOGUE, DRAFT, REQUEST, RUN, VERIFICATION, WAY_BACK, SIGN_OFF, CALENDAR)

__all__ = ["PAGES", "SEARCH"]
