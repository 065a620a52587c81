"""Where Lexware Office announces that a voucher changed: verified at once, then a run asks for the voucher.

Public by name: the signature of the body is the proof of who sent it. An event is a pointer, never the data.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from console.http_api.problems import problem
from console.kit import application
from services import books, identity
from services.core.actor import Actor
from services.core.errors import Invalid
from services.integrations.lexware import verify_event

router = APIRouter(prefix="/hooks/lexware", include_in_schema=False)
_LEXWARE = Actor.system("lexware")
_LARGEST = 64 << 10


@router.post("/{entity}")
async def receive(request: Request, entity: str) -> JSONResponse:
    """An event for the legal entity of this code."""
    settings = application.current().settings.bookkeeping
    if settings.lexware_public_key is None or entity not in settings.lexware:
        return problem(404, "Nobody listens here.", code="not_found")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LARGEST:
            return problem(400, "This event is too large.", code="too_large")
    try:
        event = verify_event(body, request.headers.get("x-lxo-signature"), settings.lexware_public_key)
    except Invalid as refused:
        return problem(400, refused.sentence, code=refused.code)
    await run_in_threadpool(_start, entity, event)
    return JSONResponse({"received": True})


def _start(entity: str, event: dict[str, Any]) -> None:
    """The same event again starts nothing more."""
    key = f"lexware:{event['eventType']}:{event['resourceId']}:{event.get('eventDate', '')}"
    with application.current().database.unit_of_work(_LEXWARE) as uow:
        entity_id = identity.entity_by_code(uow, code=entity).id
        books.start_voucher_sync(uow, entity_id=entity_id, unique_key=key[:300])
