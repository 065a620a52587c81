"""People and what they may do."""

from console.pages.access.access import ACCESS

PAGES = (ACCESS,)

__all__ = ["ACCESS", "PAGES"]
