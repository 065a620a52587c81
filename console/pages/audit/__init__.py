"""The audit log."""

from console.pages.audit.audit_log import AUDIT_LOG

PAGES = (AUDIT_LOG,)

__all__ = ["AUDIT_LOG", "PAGES"]
