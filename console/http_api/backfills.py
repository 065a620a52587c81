"""Backfills over HTTP: every step under the same rules as on the pages, since the same functions answer.

A backfill is named by its number (BF-0012) or its id. A program comes with an API key whose scopes name what it may
do: `backfills.backfill.read`, `.draft`, `.run`, and `approvals.request.read` for whatever touches a request. What a
person has to put a hand to (the signature, an emergency, an edit written over) no key can do. `GET
/api/backfills/openapi.json` describes all of this.
"""

from __future__ import annotations

import datetime as dt
import functools
import uuid
from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header
from fastapi.encoders import jsonable_encoder
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from console.http_api import problems
from console.http_api.access import requires
from console.kit import application, session
from services import approvals, backfills
from services.backfills import BackfillFilter, Pace, PlanChanged, Settlement, Stage
from services.core.db import UnitOfWork
from services.core.errors import Conflict
from services.core.idempotency import once
from services.core.permissions import Permission

router = APIRouter(prefix="/api/backfills", tags=["backfills"], responses={422: problems.DESCRIBED})

Reader = Annotated[session.Principal, Depends(requires(Permission.BACKFILL_READ))]
Drafter = Annotated[session.Principal, Depends(requires(Permission.BACKFILL_DRAFT))]
Runner = Annotated[session.Principal, Depends(requires(Permission.BACKFILL_RUN))]
Signer = Annotated[session.Principal, Depends(requires(Permission.APPROVAL_VOTE_FINANCE))]
_MOST = 200


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewBackfill(_Body):
    """A registered definition, and its parameters by name."""

    definition: str = Field(max_length=200)
    params: dict[str, Any] = {}


class NewParams(_Body):
    """All parameters of the definition by name; what is left out takes its default."""

    params: dict[str, Any]


class PlannedStart(_Body):
    """`not_before` carries its zone; without it the next open window counts."""

    not_before: dt.datetime | None = None


class Why(_Body):
    """At least eight characters; it stands in the audit log."""

    reason: str = Field(max_length=2000)


class Slower(_Body):
    """`slow`, `normal`, `fast` or `night`."""

    pace: Pace


class Explanation(_Body):
    """`code` names a result of the verification that deviates; Finance reads `text` before signing."""

    code: str = Field(max_length=200)
    text: str = Field(max_length=2000)


class Signature(_Body):
    """Finance's word on the verification that `digest` (of the open request) stands for; a rejection needs a reason."""

    digest: str = Field(max_length=64)
    decision: approvals.Decision
    reason: str | None = Field(default=None, max_length=2000)


class WayBack(_Body):
    """With `emergency` it begins at once; that takes a person who has just proved who they are."""

    reason: str = Field(max_length=2000)
    emergency: bool = False


class Settling(_Body):
    """`keep` leaves the later edit, `restore` writes the value from before over it; all open ones without `keys`."""

    how: Settlement
    reason: str = Field(max_length=2000)
    keys: list[str] | None = Field(default=None, max_length=1000)


@router.get("")
def list_backfills(
    person: Reader,
    *,
    stage: Stage | None = None,
    definition: str | None = None,
    q: str = "",
    after: uuid.UUID | None = None,
    limit: int = 50,
) -> Any:
    """Newest first; `after` is the id that the page before ended with."""
    wanted = BackfillFilter(stage, definition, q)
    with _unit(person) as uow:
        most = max(1, min(limit, _MOST))
        page = backfills.list_backfills(uow, filter=wanted, older_than=after, limit=most)
    return _answer({"backfills": page.rows, "after": page.older})


@router.get("/definitions")
def list_definitions(person: Reader) -> Any:
    """What can be drafted, each with the JSON schema of its parameters."""
    with _unit(person) as uow:
        return _answer({"definitions": backfills.catalogue(uow)})


@router.get("/openapi.json", include_in_schema=False)
def describe(person: Reader) -> Any:  # noqa: ARG001 - the door asks who it is
    """This part of the HTTP face as an OpenAPI document."""
    return JSONResponse(_description())


@router.post("", status_code=201)
def draft(body: NewBackfill, person: Drafter, idempotency_key: Annotated[str | None, Header()] = None) -> Any:
    """Makes a draft; nothing is counted or changed. The same Idempotency-Key and body answer again with the same one;
    409 for a key that came with another body, 422 for parameters the definition refuses."""
    with _unit(person) as uow:

        def make() -> tuple[int, dict[str, Any]]:
            made = backfills.draft(uow, definition=body.definition, params=body.params)
            return 201, jsonable_encoder(backfills.backfill_detail(uow, backfill_id=made))

        uow.actor.require(Permission.BACKFILL_DRAFT)
        scope, sent = f"backfills.draft:{person.actor.name}", orjson.dumps(body.model_dump())
        status, answer, replayed = once(uow, scope=scope, key=idempotency_key, body=sent, act=make)
    return JSONResponse(answer, status_code=status, headers={"Idempotent-Replayed": "true"} if replayed else {})


@router.get("/{backfill_id}")
def show(backfill_id: str, person: Reader) -> Any:
    """Everything about one: dry run, progress, why it waits, verification, rows set aside, next steps."""
    return _told(person, backfill_id, backfills.backfill_detail)


@router.put("/{backfill_id}/params")
def change_params(backfill_id: str, body: NewParams, person: Drafter) -> Any:
    """Other parameters; whatever was measured or agreed to is void."""
    return _step(person, backfill_id, backfills.change_params, params=body.params)


@router.post("/{backfill_id}/dry-run", status_code=202)
def dry_run(backfill_id: str, person: Drafter) -> Any:
    """Queues the dry run; `state` is `dry_run_ready` once a worker has measured it."""
    return _step(person, backfill_id, backfills.start_dry_run, 202)


@router.post("/{backfill_id}/request", status_code=201)
def ask(backfill_id: str, person: Drafter) -> Any:
    """Asks those the policy names to agree to exactly this dry run; votes go to `/api/approvals`."""
    return _told(person, backfill_id, backfills.ask_approval, 201)


@router.post("/{backfill_id}/start", status_code=202)
def start(backfill_id: str, person: Runner) -> Any:
    """Uses the approval up and begins. 409 with `backfill_plan_changed` when data, code, parameters or dry run are not
    what was agreed to: it is a draft again. 409 with `backfill_outside_window` while the calendar says no."""
    with _unit(person) as uow:
        found = backfills.backfill_named(uow, reference=backfill_id)
        begun = backfills.start(uow, backfill_id=found)
    if begun.problem is not None:
        raise PlanChanged(f"It did not start and is a draft again. {begun.problem}")
    return _told(person, backfill_id, backfills.backfill_detail, 202)


@router.put("/{backfill_id}/plan")
def plan(backfill_id: str, body: PlannedStart, person: Runner) -> Any:
    """Begins by itself as soon as a release window is open."""
    return _step(person, backfill_id, backfills.plan_start, not_before=body.not_before)


@router.delete("/{backfill_id}/plan")
def forget_plan(backfill_id: str, person: Runner) -> Any:
    """It stays approved and waits for somebody to start it."""
    return _step(person, backfill_id, backfills.forget_plan)


@router.post("/{backfill_id}/pause")
def pause(backfill_id: str, person: Runner) -> Any:
    """Stops it at a batch boundary: once this is answered, no further batch commits."""
    return _step(person, backfill_id, backfills.pause)


@router.post("/{backfill_id}/resume", status_code=202)
def resume(backfill_id: str, person: Runner) -> Any:
    """Goes on after the last batch that committed; also after a failure."""
    return _step(person, backfill_id, backfills.resume, 202)


@router.post("/{backfill_id}/discard")
def discard(backfill_id: str, body: Why, person: Drafter) -> Any:
    """Throws one away that has not begun; 403 without the right to run when it has."""
    return _step(person, backfill_id, backfills.cancel, reason=body.reason)


@router.post("/{backfill_id}/cancel")
def cancel(backfill_id: str, body: Why, person: Runner) -> Any:
    """Ends it; what it changed stays until it is taken back."""
    return _step(person, backfill_id, backfills.cancel, reason=body.reason)


@router.put("/{backfill_id}/pace")
def set_pace(backfill_id: str, body: Slower, person: Runner) -> Any:
    """Slower, faster, or at night only, from the next batch on."""
    return _step(person, backfill_id, backfills.set_pace, pace=body.pace)


@router.post("/{backfill_id}/verification", status_code=202)
def verify(backfill_id: str, person: Runner) -> Any:
    """Measures the checks and the sample once more."""
    return _step(person, backfill_id, backfills.verify_again, 202)


@router.post("/{backfill_id}/explanations")
def explain(backfill_id: str, body: Explanation, person: Runner) -> Any:
    """Says why a result is not what was promised; Finance is asked anew."""
    return _step(person, backfill_id, backfills.explain_deviation, code=body.code, text=body.text)


@router.post("/{backfill_id}/signature")
def sign(backfill_id: str, body: Signature, person: Signer) -> Any:
    """Finance signs what the verification found, or rejects it. Only a person can, who has just proved who they are."""
    return _step(person, backfill_id, _sign, signature=body)


@router.post("/{backfill_id}/rollback", status_code=202)
def roll_back(backfill_id: str, body: WayBack, person: Runner) -> Any:
    """Takes it back: at once after Finance's rejection or in an emergency, else when Finance agrees."""
    return _step(person, backfill_id, backfills.roll_back, 202, reason=body.reason, emergency=body.emergency)


@router.get("/{backfill_id}/conflicts")
def list_conflicts(
    backfill_id: str, person: Reader, after: str | None = None, open_only: bool = False, limit: int = 50
) -> Any:
    """Rows edited since, by key: what they were before, were left as, and are now."""
    most = max(1, min(limit, _MOST))
    return _told(person, backfill_id, backfills.conflicts, after=after, open_only=open_only, limit=most)


@router.post("/{backfill_id}/conflicts/settlement")
def settle(backfill_id: str, body: Settling, person: Runner) -> Any:
    """Keeps later edits or writes the value from before over them; answers how many were settled and left."""
    given = {"how": body.how, "reason": body.reason, "keys": body.keys}
    return _told(person, backfill_id, backfills.settle_conflicts, **given)


@router.get("/{backfill_id}/flag")
def show_flag(backfill_id: str, person: Reader) -> Any:
    """The flag that switches readers to what it filled; null where the definition names none."""
    return _told(person, backfill_id, backfills.flag_of)


@router.post("/{backfill_id}/flag/advance")
def advance_flag(backfill_id: str, person: Runner) -> Any:
    """Takes the flag's next rollout step, once it is signed off. 503 while no flag service is connected."""
    return _told(person, backfill_id, backfills.advance_flag)


def _sign(uow: UnitOfWork, *, backfill_id: uuid.UUID, signature: Signature) -> None:
    """The vote of Finance on the open request for the signature."""
    asked = backfills.backfill_detail(uow, backfill_id=backfill_id).backfill.signoff_request_id
    if asked is None:
        raise Conflict("There is no verification that waits for Finance.")
    approvals.vote(
        uow,
        request_id=asked,
        digest=signature.digest,
        decision=signature.decision,
        reason=signature.reason,
        team=approvals.Team.FINANCE,
    )


def _told(
    person: session.Principal, reference: str, act: Callable[..., Any], status: int = 200, **given: Any
) -> JSONResponse:
    """`act` on the backfill of that name, in one transaction; answers with what it returns."""
    with _unit(person) as uow:
        found = backfills.backfill_named(uow, reference=reference)
        return _answer(act(uow, backfill_id=found, **given), status)


def _step(
    person: session.Principal, reference: str, act: Callable[..., Any], status: int = 200, **given: Any
) -> JSONResponse:
    """The same for a step; answers with the backfill as it stands then."""

    def stepped(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> backfills.BackfillDetail:
        act(uow, backfill_id=backfill_id, **given)
        return backfills.backfill_detail(uow, backfill_id=backfill_id)

    return _told(person, reference, stepped, status)


def _unit(person: session.Principal) -> Any:
    return application.current().database.unit_of_work(person.actor)


def _answer(content: Any, status: int = 200) -> JSONResponse:
    return JSONResponse(jsonable_encoder(content), status)


@functools.cache
def _description() -> dict[str, Any]:
    return get_openapi(title="Kontor: backfills", version="1", description=__doc__, routes=router.routes)
