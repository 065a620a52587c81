"""The audit log: who did what to which record, in the transaction that did it, in a tree that shows any change."""

from services.audit.queries import entry, export, search, trail, trail_of_many
from services.audit.service import erase_personal, record
from services.audit.views import AuditEntryView, AuditFilter, AuditPage
from services.audit.words import index_words

__all__ = [
    "AuditEntryView",
    "AuditFilter",
    "AuditPage",
    "entry",
    "erase_personal",
    "export",
    "index_words",
    "record",
    "search",
    "trail",
    "trail_of_many",
]
