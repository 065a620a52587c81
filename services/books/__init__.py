"""The books: the merchant's own ledger, read from CSV files with a mapping."""

from services.books.queries import ledger_entries

__all__ = ["ledger_entries"]
