"""The bank: accounts, statements and lines from CAMT.053 files, and the proof that none is missing."""

from services.bank.queries import line_entries

__all__ = ["line_entries"]
