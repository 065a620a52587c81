"""The bank: accounts, statements and lines from CAMT.053 files, and the proof that none is missing."""

from services.bank.errors import NoSuchBankRecord, RejectedRow, StaleAccount, UnreadableFile
from services.bank.events import FILE_IMPORTED, PATTERN_CHANGED
from services.bank.queries import (
    accounts,
    completeness,
    completeness_of_all,
    file_report,
    files,
    line_entries,
    statements,
)
from services.bank.service import import_file, set_provider_pattern, start_import, upload_place
from services.bank.views import (
    BankAccountView,
    BankFileView,
    CompletenessView,
    GapView,
    StatementReport,
    StatementView,
)
from services.bank.vocabulary import IMPORT, SCAN, GapKind, ImportParams, LineStatus, ScanParams, StatementProblem

__all__ = [
    "FILE_IMPORTED",
    "IMPORT",
    "PATTERN_CHANGED",
    "SCAN",
    "BankAccountView",
    "BankFileView",
    "CompletenessView",
    "GapKind",
    "GapView",
    "ImportParams",
    "LineStatus",
    "NoSuchBankRecord",
    "RejectedRow",
    "ScanParams",
    "StaleAccount",
    "StatementProblem",
    "StatementReport",
    "StatementView",
    "UnreadableFile",
    "accounts",
    "completeness",
    "completeness_of_all",
    "file_report",
    "files",
    "import_file",
    "line_entries",
    "set_provider_pattern",
    "start_import",
    "statements",
    "upload_place",
]
