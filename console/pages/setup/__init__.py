"""What is still missing in an installation."""

from console.pages.setup.setup import SETUP

PAGES = (SETUP,)

__all__ = ["PAGES", "SETUP"]
