"""People, their sessions and roles, keys, and reviews of who may do what."""

from console.pages.access.access import ACCESS
from console.pages.access.keys import KEYS
from console.pages.access.reviews import REVIEWS
from console.pages.access.roles import ROLES
from console.pages.access.sessions import SESSIONS

PAGES = (ACCESS, SESSIONS, ROLES, KEYS, REVIEWS)

__all__ = ["ACCESS", "KEYS", "PAGES", "REVIEWS", "ROLES", "SESSIONS"]
