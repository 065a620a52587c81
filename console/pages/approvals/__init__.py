"""Approvals: inbox, one request, policies, cover."""

from console.pages.approvals.cover import COVER
from console.pages.approvals.inbox import INBOX
from console.pages.approvals.policies import POLICIES
from console.pages.approvals.request import REQUEST

PAGES = (INBOX, POLICIES, COVER, REQUEST)

__all__ = ["PAGES"]
