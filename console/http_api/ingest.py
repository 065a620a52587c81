"""Where another system delivers entries of the books: in bulk, each delivery at most once.

`POST /api/ledgers/{entity}/{ledger}/entries` takes `{"entries": [{…}], "first_day": "2026-03-16", "last_day": …}`, or
one entry a line as `application/x-ndjson` with the days as query parameters. Amounts are decimal texts (or JSON
numbers, which are read digit by digit, never as a float). The answer is the report of the delivery.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from console.http_api.access import requires
from console.http_api.problems import problem
from console.kit import application, session
from services import books, identity
from services.core.db import UnitOfWork
from services.core.idempotency import once
from services.core.ids import new_id
from services.core.inbox import FileStatus
from services.core.permissions import Permission

router = APIRouter(prefix="/api/ledgers", tags=["books"])
_LARGEST = 64 << 20
_SHOWN = 100

Importer = Annotated[session.Principal, Depends(requires(Permission.BOOKS_IMPORT))]


@router.post("/{entity}/{ledger}/entries")
async def deliver(
    request: Request,
    entity: str,
    ledger: str,
    person: Importer,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> JSONResponse:
    """Takes a delivery. 201 with its report, 200 when it was taken before, 409 for a key used with another body,
    413 above 64 MB, 422 for a body that is none or of which nothing could be taken."""
    body = await _body(request)
    if body is None:
        return problem(413, f"A delivery takes at most {_LARGEST >> 20} MB; send several.", code="too_large")
    delivered = _read(body, request.headers.get("content-type", ""), dict(request.query_params))
    delivery = _Delivery(entity, ledger, body, idempotency_key, delivered)
    status, answer, replayed = await run_in_threadpool(_take, person, delivery)
    return JSONResponse(answer, status_code=status, headers={"Idempotent-Replayed": "true"} if replayed else {})


@dataclass(frozen=True, slots=True)
class _Delivery:
    entity: str
    ledger: str
    body: bytes
    key: str | None
    content: dict[str, Any]


def _take(person: session.Principal, delivery: _Delivery) -> tuple[int, dict[str, Any], bool]:
    with application.current().database.unit_of_work(person.actor, request_id=str(new_id())) as uow:
        entity_id = identity.entity_by_code(uow, code=delivery.entity).id

        def act() -> tuple[int, dict[str, Any]]:
            report = books.ingest(uow, entity_id=entity_id, source_code=delivery.ledger, **delivery.content)
            return _answer(uow, report)

        uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
        days = f"|{delivery.content['first_day']}|{delivery.content['last_day']}".encode()
        scope = f"books.ingest:{delivery.entity}:{delivery.ledger}:{person.actor.name}"
        return once(uow, scope=scope, key=delivery.key, body=delivery.body + days, act=act)


def _answer(uow: UnitOfWork, report: books.LedgerFileView) -> tuple[int, dict[str, Any]]:
    _, rejections = books.file_report(uow, file_id=report.id)
    document = {
        "id": str(report.id),
        "status": report.status.value,
        "read": report.rows_read,
        "new": report.rows_new,
        "changed": report.rows_changed,
        "unchanged": report.rows_unchanged,
        "rejected": report.rows_rejected,
        "rejections": [
            {"entry": item.line, "code": item.reason.code, "reason": item.reason.sentence}
            for item in rejections[:_SHOWN]
        ],
    }
    if report.status is FileStatus.REJECTED:
        return 422, document
    return (200 if report.known else 201), document


async def _body(request: Request) -> bytes | None:
    """The raw body, or None as soon as it is larger than a delivery may be."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)


def _read(body: bytes, content_type: str, query: dict[str, str]) -> dict[str, Any]:
    """Entries and days of a delivery. Raises InvalidDelivery for a body that is none."""
    try:
        if "ndjson" in content_type:
            entries = [_loads(line) for line in body.splitlines() if line.strip()]
            given: dict[str, Any] = query
        else:
            given = _loads(body)
            entries = given.get("entries") if isinstance(given, dict) else None
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            raise books.InvalidDelivery('Send {"entries": [{…}, …]}, or one entry a line as application/x-ndjson.')
        return {"entries": entries, "first_day": _day(given, "first_day"), "last_day": _day(given, "last_day")}
    except (ValueError, RecursionError) as error:
        raise books.InvalidDelivery("The body is no JSON of entries and days.") from error


def _loads(text: bytes) -> Any:
    return json.loads(text, parse_float=str, parse_constant=str)


def _day(given: dict[str, Any], name: str) -> dt.date | None:
    return dt.date.fromisoformat(str(given[name])) if given.get(name) else None
