"""One file and its report."""

from __future__ import annotations

import reflex as rx

from console.design.format import Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import PageState
from console.kit.trail_state import TrailFields
from console.pages.imports.reading import File, import_report
from console.pages.imports.rows import counts, file_state, reason_text, rejection_row, report_row
from services import bank
from services.core.permissions import Permission

_SHOWN = 100


class ImportFile(PageState, TrailFields, rx.State):
    """A file that came in, what was taken of it and what was not."""

    name: str = ""
    kind: str = ""
    state: str = ""
    problem: str = ""
    entity: str = ""
    received: str = ""
    origin: str = ""
    taken_by: str = ""
    digest: str = ""
    figures: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    statements: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    rejections: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    rejections_note: str = ""

    @event(Permission.BANK_READ)
    async def load(self) -> None:
        found = await backend.load(self, import_report, file_id=self._parameter("file_id"))  # pyright: ignore[reportArgumentType]
        reader = await self._reader()
        file = found.file
        self.name, self.problem, self.entity = file.name, reason_text(file.problem, reader), found.entity
        self.kind = "bank" if isinstance(file, bank.BankFileView) else "books"
        self.state, self.figures = file_state(file), counts(file, reader)
        self.received, self.origin, self.taken_by, self.digest = _meta(file, reader)
        reports = file.statements if isinstance(file, bank.BankFileView) else ()
        self.statements = [report_row(report, reader) for report in reports]
        self.rejections = [rejection_row(rejection, reader) for rejection in found.rejections[:_SHOWN]]
        cut = len(found.rejections) > _SHOWN or file.rows_rejected > len(found.rejections)
        self.rejections_note = reader.text("imports.rejected_first", count=len(self.rejections)) if cut else ""
        if self.kind == "bank":
            await self._follow("bank_file", file.id, Permission.BANK_READ)
        else:
            await self._follow("ledger_file", file.id, Permission.BOOKS_READ)
        self._done()


def _meta(file: File, reader: Reader) -> list[str]:
    """When, how and by whom; for the books also with which mapping; and the fingerprint."""
    by = reader.text("imports.meta_by", name=file.imported_by)
    if not isinstance(file, bank.BankFileView):
        by += ", " + reader.text("imports.meta_mapping", version=file.mapping_version)
    return [
        reader.text("imports.meta_received", moment=reader.moment(file.imported_at)),
        reader.text(f"imports.origin_{file.origin.value}"),
        by,
        reader.text("imports.meta_sha", digest=f"{file.sha256[:8]}…{file.sha256[-4:]}"),
    ]
