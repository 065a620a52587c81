"""Lists as files: exactly what the filters of the address show, streamed row by row."""

from __future__ import annotations

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from starlette.responses import Response

from console.design.texts import tr
from console.http_api.access import demand, requires
from console.kit import application, session
from services import audit
from services.core import media
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.core.money import Money, exponent
from services.core.permissions import Permission

router = APIRouter(include_in_schema=False)
# A spreadsheet would run these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_CHUNK = 64 * 1024

Cell = str | int | bool | Decimal | Money | dt.date | dt.datetime | None
Rows = Callable[[UnitOfWork, Mapping[str, str]], Iterable[Sequence[Cell]]]


@dataclass(frozen=True)
class Export:
    """A list that can be taken away: the right it needs, its column heads (text keys), and its rows.

    `rows(uow, filters)` yields values, not texts: Money, dates and numbers are written for the reader
    here. `filters` are the address's parameters, which the function validates like a page does.
    """

    name: str
    permission: Permission
    heads: tuple[str, ...]
    rows: Rows


_EXPORTS: dict[str, Export] = {}


def register_export(export: Export) -> None:
    """Makes the export reachable under `/export/<name>.csv` and `.xlsx`; done in `console/http_api/app.py`."""
    _EXPORTS[export.name] = export


def registered_exports() -> dict[str, Export]:
    return dict(_EXPORTS)


@router.get("/export/{file}")
def export(
    file: str, request: Request, person: Annotated[session.Principal, Depends(requires(Permission.SELF))]
) -> Response:
    """Streams a list as CSV or XLSX, in the reader's language. The taking away is audited."""
    name, _, kind = file.rpartition(".")
    wanted = _EXPORTS.get(name)
    if wanted is None or kind not in ("csv", "xlsx"):
        raise NotFound("There is no such export.")
    demand(person, wanted.permission, request.url.path)
    filters = {key: value for key, value in request.query_params.items() if len(value) <= 200}
    _record(person.actor, name, kind, filters)
    if kind == "xlsx":
        return _xlsx(wanted, person, filters)
    return StreamingResponse(
        _csv(wanted, person, filters), media_type=f"{media.CSV}; charset=utf-8", headers=_as_file(name, "csv")
    )


def _record(actor: Actor, name: str, kind: str, filters: dict[str, str]) -> None:
    with application.current().database.unit_of_work(actor) as uow:
        audit.record(
            uow,
            action="console.export.taken",
            subject_type="export",
            subject_id=name,
            after={"kind": kind, "filters": filters},
        )


def _as_file(name: str, kind: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{name}.{kind}"'}


def _csv(wanted: Export, person: session.Principal, filters: dict[str, str]) -> Iterator[bytes]:
    """UTF-8 with a mark, semicolons and decimal commas in German: what a spreadsheet there opens as it is."""
    german = person.locale == "de"
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";" if german else ",")
    buffer.write("\ufeff")
    writer.writerow([tr(person.locale, head) for head in wanted.heads])
    with application.current().database.unit_of_work(person.actor) as uow:
        for row in wanted.rows(uow, filters):
            writer.writerow([_as_text(cell, german) for cell in row])
            if buffer.tell() > _CHUNK:
                yield buffer.getvalue().encode()
                buffer.seek(0)
                buffer.truncate()
    yield buffer.getvalue().encode()


def _as_text(cell: Cell, german: bool) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Money):
        cell = cell.major
    if isinstance(cell, Decimal):
        return f"{cell:f}".replace(".", ",") if german else f"{cell:f}"
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, dt.date):
        return cell.strftime("%d.%m.%Y") if german else cell.isoformat()
    return safe(str(cell)) if isinstance(cell, str) else str(cell)


def safe(text: str) -> str:
    """A text no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _xlsx(wanted: Export, person: session.Principal, filters: dict[str, str]) -> Response:
    """Typed cells; written row by row to a temporary file, because the format cannot be streamed as it is made."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(wanted.name[:31])
    sheet.freeze_panes = "A2"
    sheet.append([tr(person.locale, head) for head in wanted.heads])
    with application.current().database.unit_of_work(person.actor) as uow:
        for index, row in enumerate(wanted.rows(uow, filters)):
            if index >= 1_000_000:
                raise Invalid("A spreadsheet holds a million rows at most; narrow the filter or take CSV.")
            sheet.append([_as_cell(sheet, cell) for cell in row])
    file = tempfile.TemporaryFile()  # noqa: SIM115
    book.save(file)
    file.seek(0)
    return StreamingResponse(
        _chunks(file),
        media_type=media.XLSX,
        headers=_as_file(wanted.name, "xlsx"),
    )


def _as_cell(sheet: Any, value: Cell) -> Any:
    if isinstance(value, Money):
        cell = WriteOnlyCell(sheet, value=value.major)  # pyright: ignore[reportArgumentType]
        digits = exponent(value.currency)
        cell.number_format = "#,##0" + ("." + "0" * digits if digits else "")
        return cell
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    return safe(value) if isinstance(value, str) else value


def _chunks(file: Any) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece
