"""The audit log: who did what to which record, in the transaction that did it."""

from services.audit.queries import entry, export, search, trail, trail_of_many
from services.audit.service import record
from services.audit.views import AuditEntryView, AuditFilter, AuditPage

__all__ = [
    "AuditEntryView",
    "AuditFilter",
    "AuditPage",
    "entry",
    "export",
    "record",
    "search",
    "trail",
    "trail_of_many",
]
