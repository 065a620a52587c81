"""The outbox of letters."""

from console.pages.notifications.letters import LETTERS

PAGES = (LETTERS,)

__all__ = ["PAGES"]
