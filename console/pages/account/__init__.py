"""One's own account."""

from console.pages.account.account import ACCOUNT

PAGES = (ACCOUNT,)

__all__ = ["ACCOUNT", "PAGES"]
