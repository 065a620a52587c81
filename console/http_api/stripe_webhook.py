"""Where Stripe sends its events: verified at once, stored once, answered fast; a run applies them.

Public by name: the signature of the body is the proof of who sent it.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from console.http_api.problems import problem
from console.kit import application
from services import payments
from services.core.actor import Actor
from services.core.errors import Invalid

router = APIRouter(prefix="/hooks/stripe", include_in_schema=False)
_STRIPE = Actor.system("stripe")
_LARGEST = 1 << 20  # bytes; Stripe's largest events are some tens of kilobytes


@router.post("")
async def receive(request: Request) -> JSONResponse:
    """An event of any connected account; the secret that fits its signature says which."""
    return await _received(request, None)


@router.post("/{code}")
async def receive_for(request: Request, code: str) -> JSONResponse:
    """An event of the account called `code`."""
    return await _received(request, code)


async def _received(request: Request, code: str | None) -> JSONResponse:
    body = await _body(request)
    if body is None:
        return problem(400, "This webhook is too large.", code="too_large")
    try:
        account, event = application.current().stripe.verified_event(
            body, request.headers.get("stripe-signature"), code
        )
    except Invalid as refused:
        return problem(400, refused.sentence, code=refused.code)
    new = await run_in_threadpool(_store, account, event, body)
    return JSONResponse({"received": True, "new": new})


async def _body(request: Request) -> bytes | None:
    """The raw body, or None as soon as it is larger than any event."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > _LARGEST:
            return None
        parts.append(part)
    return b"".join(parts)


def _store(code: str, event: dict[str, Any], body: bytes) -> bool:
    with application.current().database.unit_of_work(_STRIPE) as uow:
        return payments.receive_event(uow, code=code, event=event, body=body)
