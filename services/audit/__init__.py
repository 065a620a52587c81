"""The audit log: who did what to which record, in the transaction that did it."""

from services.audit.service import record

__all__ = ["record"]
