"""From draft to agreement: who may ask for what, and what an approval is bound to."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import select

from services import approvals, audit, runs
from services.backfills.definition import Definition, code_digest, definition_named
from services.backfills.errors import BackfillNotFound, BadDefinition
from services.backfills.freezing import says_what_moves
from services.backfills.models import Backfill
from services.backfills.policy import check_step
from services.backfills.vocabulary import DRY_RUN, BackfillParams, BackfillState, Expect
from services.core import canonical_json
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid
from services.core.permissions import Permission

RUN_APPROVAL = "backfills.run"
RUN_CLOSED_APPROVAL = "backfills.run_in_closed_period"
MEASURED_NET = "The dry run does not say how much money really moves; it has to be taken again."
_REASON = 8
_NO_CURRENCY = "XXX"  # ISO 4217
S = BackfillState


def draft(uow: UnitOfWork, *, definition: str, params: dict[str, Any] | None = None) -> uuid.UUID:
    """A new backfill of a registered definition. Nothing is counted or changed. Raises BadDefinition for parameters."""
    require(uow, Permission.BACKFILL_DRAFT)
    found = definition_named(definition)
    row = Backfill(
        definition=found.name,
        definition_version=found.version,
        params=checked_params(found, params or {}).model_dump(mode="json"),
        created_by=uow.actor.id,
        created_by_name=uow.actor.name,
        created_at=uow.clock.now(),
    )
    uow.session.add(row)
    uow.session.flush()
    note(uow, row, "drafted", after={"definition": row.definition, "params": row.params})
    return row.id


def change_params(uow: UnitOfWork, *, backfill_id: uuid.UUID, params: dict[str, Any]) -> None:
    """Other parameters: whatever was measured or agreed to is void, and it is a draft again."""
    require(uow, Permission.BACKFILL_DRAFT)
    row = locked(uow, backfill_id)
    found, before = definition_named(row.definition), dict(row.params)
    row.params = checked_params(found, params).model_dump(mode="json")
    row.definition_version = found.version
    back_to_draft(uow, row, None)
    note(uow, row, "changed", before={"params": before}, after={"params": row.params})


def start_dry_run(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> uuid.UUID:
    """Queues the dry run; an earlier one, and what was agreed on it, no longer count. Returns the run."""
    require(uow, Permission.BACKFILL_DRAFT)
    row = locked(uow, backfill_id)
    check_step(S(row.state), S.DRY_RUNNING)
    if row.state != S.DRAFT:
        back_to_draft(uow, row, None)
    move(uow, row, S.DRY_RUNNING)
    row.definition_version, row.problem = definition_named(row.definition).version, None
    row.run_id = run_id = runs.enqueue(uow, kind=DRY_RUN, params=BackfillParams(backfill_id=row.id))
    note(uow, row, "dry_run_started")
    return run_id


def ask_approval(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> approvals.RequestView:
    """Asks whoever the policy names to agree to exactly this dry run. Raises Invalid when it would change nothing, when
    something does not hold that has to hold before, or when it does not say what money moves."""
    require(uow, Permission.BACKFILL_DRAFT)
    row = locked(uow, backfill_id)
    move(uow, row, S.AWAITING_APPROVAL)
    if row.dry_run is None or not row.dry_run["frozen"]["rows"]:
        raise Invalid("The dry run found no row to change, so there is nothing to agree to.")
    if not says_what_moves(row.dry_run):
        raise Invalid(MEASURED_NET)
    if broken := _broken(row, row.dry_run):
        raise Invalid(f"What has to hold before it runs does not: {', '.join(broken)}.")
    asked = approvals.request(
        uow,
        kind=kind_for(row.dry_run),
        subject_type="backfill",
        subject_id=row.id,
        entity_id=None,
        content=agreed_content(row, row.dry_run["frozen"]),
        facts=facts_of(row.dry_run["frozen"]),
    )
    row.request_id = asked.id
    note(uow, row, "approval_asked", after={"request": str(asked.id), "digest": asked.digest})
    return asked


def _broken(row: Backfill, dry_run: Mapping[str, Any]) -> list[str]:
    """The checks that have to hold before as well, and did not when the dry run was taken."""
    definition = definition_named(row.definition)
    checks = definition.checks(checked_params(definition, dry_run["params"]))
    always = {one.code for one in checks if one.expect is Expect.ALWAYS_ZERO}
    return [one["code"] for one in dry_run["checks"] if one["code"] in always and one["before"]]


def agreed_content(row: Backfill, frozen: dict[str, Any]) -> dict[str, Any]:
    """What people agree to, computed from what would be done now: parameters as they stand, code as it is loaded."""
    definition = definition_named(row.definition)
    measured_with = checked_params(definition, (row.dry_run or {}).get("params", row.params))
    return {
        "definition": definition.name,
        "version": definition.version,
        "code": code_digest(definition, measured_with),
        "params": row.params,
        "frozen": frozen,
        "dry_run": canonical_json.digest(row.dry_run),
        "estimate": (row.dry_run or {}).get("estimate"),
        "closed_periods": (row.dry_run or {}).get("closed_periods", []),
    }


def back_to_draft(uow: UnitOfWork, row: Backfill, problem: str | None) -> None:
    """Whatever was measured or agreed to is void; `row` is locked. An open request ends, and nobody can vote on it; a
    dry run that is still queued finds nothing to do."""
    former, row.request_id = row.request_id, None
    unplan(row)
    move(uow, row, S.DRAFT)
    row.dry_run, row.run_id, row.problem = None, None, problem
    if former is not None:
        approvals.void(uow, request_id=former, reason=problem or "What was asked for was changed.")
    uow.session.flush()


def unplan(row: Backfill) -> None:
    """Nothing starts by itself any more."""
    row.planned_for = row.planned_by = row.planned_by_name = None


def checked_params(definition: Definition, params: dict[str, Any]) -> BaseModel:
    """Raises BadDefinition with each wrong field."""
    try:
        return definition.params.model_validate(params)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise BadDefinition(f"The parameters of {definition.name} cannot be used. {wrong}.") from error


def locked(uow: UnitOfWork, backfill_id: uuid.UUID) -> Backfill:
    """The row, locked until the transaction ends: steps of one backfill follow one another."""
    row = uow.session.scalar(
        select(Backfill).where(Backfill.id == backfill_id).with_for_update().execution_options(populate_existing=True)
    )
    if row is None:
        raise BackfillNotFound("There is no such backfill.")
    return row


def move(uow: UnitOfWork, row: Backfill, target: BackfillState) -> None:
    check_step(S(row.state), target)
    row.state = target.value
    if target is not S.RUNNING:
        row.throttle = None
    uow.session.flush()


def note(uow: UnitOfWork, row: Backfill, verb: str, **details: Any) -> None:
    uow.session.flush()
    audit.record(uow, action=f"backfills.backfill.{verb}", subject_type="backfill", subject_id=row.id, **details)


def require(uow: UnitOfWork, permission: Permission) -> None:
    """A backfill may touch the rows of every legal entity, so the right has to hold for all of them."""
    uow.actor.require(permission)
    if uow.actor.grants[permission].ids is not None:
        raise Forbidden(
            "A backfill touches every legal entity; your right holds for some of them.", permission=str(permission)
        )


def as_console(uow: UnitOfWork) -> UnitOfWork:
    """The same transaction in the name of the console, for what a step looks up or queues beyond its actor's rights."""
    actor = Actor.system("backfills", on_behalf_of=uow.actor.name)
    return UnitOfWork(uow.session, actor, uow.clock, uow.request_id)


def require_reason(reason: str) -> None:
    if len(reason.strip()) < _REASON:
        raise Invalid(f"Say why in at least {_REASON} characters; it stands in the audit log.")


def kind_for(dry_run: Mapping[str, Any]) -> str:
    """What is asked of people for what a dry run found: signed periods have a policy of their own."""
    return RUN_CLOSED_APPROVAL if dry_run.get("closed_periods") else RUN_APPROVAL


def facts_of(frozen: Mapping[str, Any]) -> list[approvals.ApprovalFacts]:
    """The rows, with the money that really moves in each currency: every one is judged by its own threshold.

    Money of no known currency counts as of one for which no policy has a limit.
    """
    moved = [one for one in frozen["money"] if one["gross"]]
    return [approvals.ApprovalFacts(one["gross"], _known(one["currency"]), frozen["rows"]) for one in moved] or [
        approvals.ApprovalFacts(rows=frozen["rows"])
    ]


def _known(currency: str | None) -> str:
    found = re.fullmatch("[A-Z]{3}", currency or "")
    return found[0] if found else _NO_CURRENCY
