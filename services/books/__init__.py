"""The books: the merchant's own ledger, by CSV, over HTTP or read from a database; and which days of it are whole."""

from services.books.errors import InvalidDelivery, InvalidMapping, InvalidSource, NoSuchLedgerRecord, StaleSource
from services.books.events import FILE_IMPORTED
from services.books.proof import calendar, gaps
from services.books.queries import file_report, files, ledger_entries, mapping_of, query_of, source_by_id, sources
from services.books.service import import_file, ingest, start_import, start_pull, take_query_rows, upload_place
from services.books.setup import (
    guess_mapping,
    open_source,
    preview_mapping,
    set_expectation,
    set_mapping,
    set_mapping_json,
    set_query,
)
from services.books.views import LedgerDayView, LedgerFileView, LedgerGap, LedgerQueryView, LedgerSourceView
from services.books.vocabulary import (
    COLUMN_NAMES,
    DEFAULT_SOURCE,
    IMPORT,
    OPTIONAL,
    PULL,
    REQUIRED,
    DayState,
    Expectation,
    GapKind,
    ImportParams,
    Mapping,
    PullParams,
)

__all__ = [
    "COLUMN_NAMES",
    "DEFAULT_SOURCE",
    "FILE_IMPORTED",
    "IMPORT",
    "OPTIONAL",
    "PULL",
    "REQUIRED",
    "DayState",
    "Expectation",
    "GapKind",
    "ImportParams",
    "InvalidDelivery",
    "InvalidMapping",
    "InvalidSource",
    "LedgerDayView",
    "LedgerFileView",
    "LedgerGap",
    "LedgerQueryView",
    "LedgerSourceView",
    "Mapping",
    "NoSuchLedgerRecord",
    "PullParams",
    "StaleSource",
    "calendar",
    "file_report",
    "files",
    "gaps",
    "guess_mapping",
    "import_file",
    "ingest",
    "ledger_entries",
    "mapping_of",
    "open_source",
    "preview_mapping",
    "query_of",
    "set_expectation",
    "set_mapping",
    "set_mapping_json",
    "set_query",
    "source_by_id",
    "sources",
    "start_import",
    "start_pull",
    "take_query_rows",
    "upload_place",
]
