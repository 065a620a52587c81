"""The books: the merchant's own ledger, read from CSV files with a mapping."""

from services.books.errors import InvalidMapping, NoSuchLedgerRecord
from services.books.events import FILE_IMPORTED
from services.books.queries import file_report, files, ledger_entries, mapping_of, sources
from services.books.service import import_file, set_mapping, set_mapping_json, start_import, upload_place
from services.books.views import LedgerFileView, LedgerSourceView
from services.books.vocabulary import DEFAULT_SOURCE, IMPORT, OPTIONAL, REQUIRED, ImportParams, Mapping

__all__ = [
    "DEFAULT_SOURCE",
    "FILE_IMPORTED",
    "IMPORT",
    "OPTIONAL",
    "REQUIRED",
    "ImportParams",
    "InvalidMapping",
    "LedgerFileView",
    "LedgerSourceView",
    "Mapping",
    "NoSuchLedgerRecord",
    "file_report",
    "files",
    "import_file",
    "ledger_entries",
    "mapping_of",
    "set_mapping",
    "set_mapping_json",
    "sources",
    "start_import",
    "upload_place",
]
