"""Requests over HTTP: the same rules as on the pages, since the same functions answer.

A write needs the session's own cookie, the Origin that the gate asks of every write, and a fresh proof of who sits
there; a key of a machine can read, never vote.
"""

from __future__ import annotations

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Request
from fastapi.encoders import jsonable_encoder
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from console.http_api.access import requires
from console.kit import application, session
from services import approvals
from services.approvals import Box, Decision, RequestFilter, Team
from services.core.permissions import Permission

router = APIRouter(prefix="/api/approvals", tags=["approvals"])


class Ballot(BaseModel):
    """A vote as it is sent: bound to the digest that was looked at."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(max_length=64)
    decision: Decision
    reason: str | None = Field(default=None, max_length=2000)
    team: Team | None = None


Reader = Annotated[session.Principal, Depends(requires(Permission.APPROVAL_READ))]


@router.get("")
def list_requests(request: Request, person: Reader, after: uuid.UUID | None = None, limit: int = 50) -> Any:
    """Requests newest first; filters as in the page's address (`box`, `state`, `kind`, `q`, `from`, `to`)."""
    wanted = RequestFilter.from_address(request.query_params, "Europe/Berlin", box=Box.ALL)
    with application.current().database.unit_of_work(person.actor) as uow:
        page = approvals.requests(uow, filter=wanted, older_than=after, limit=max(1, min(limit, 200)))
    return _answer({"requests": page.requests, "after": page.older})


@router.get("/{request_id}")
def show_request(request_id: uuid.UUID, person: Reader) -> Any:
    """One request: what will happen, who agreed, who may, and why the reader may not."""
    with application.current().database.unit_of_work(person.actor) as uow:
        return _answer(approvals.request_detail(uow, request_id=request_id))


@router.post("/{request_id}/votes", status_code=201)
def vote(request_id: uuid.UUID, ballot: Ballot, person: Reader) -> Any:
    """Agrees to what `digest` stands for, or rejects it. A second vote is a conflict, so a repeat does no harm."""
    with application.current().database.unit_of_work(person.actor) as uow:
        return _answer(approvals.vote(uow, request_id=request_id, **dict(ballot)), 201)


@router.post("/{request_id}/withdrawal")
def withdraw(
    request_id: uuid.UUID, person: Reader, reason: Annotated[str | None, Body(max_length=2000, embed=True)] = None
) -> Any:
    """Takes one's own request back."""
    with application.current().database.unit_of_work(person.actor) as uow:
        return _answer(approvals.withdraw(uow, request_id=request_id, reason=reason))


def _answer(content: Any, status: int = 200) -> JSONResponse:
    return JSONResponse(jsonable_encoder(content), status)
