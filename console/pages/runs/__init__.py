"""Runs, dead letters, schedules."""

from console.pages.runs.dead_letters import DEAD_LETTERS
from console.pages.runs.run_detail import RUN_DETAIL
from console.pages.runs.run_list import RUN_LIST
from console.pages.runs.schedule_list import SCHEDULE_LIST
from console.pages.runs.search import SEARCH

PAGES = (RUN_LIST, RUN_DETAIL, SCHEDULE_LIST, DEAD_LETTERS)

__all__ = ["DEAD_LETTERS", "PAGES", "RUN_DETAIL", "RUN_LIST", "SCHEDULE_LIST", "SEARCH"]
