"""From draft to start: who may ask for what, and what an approval is bound to."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy import select

from services import approvals, audit, runs
from services.backfills import ledger, measuring
from services.backfills.definition import Definition, code_digest, definition_named
from services.backfills.errors import BackfillNotFound, BadDefinition, IllegalStep, NotAtWork, NotUndoable, PlanChanged
from services.backfills.models import Backfill
from services.backfills.policy import BEFORE_START, check_step
from services.backfills.vocabulary import DRY_RUN, EXECUTE, ROLL_BACK, VERIFY, BackfillParams, BackfillState, Pace
from services.core import canonical_json
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid
from services.core.permissions import Permission

RUN_APPROVAL, SIGN_OFF_APPROVAL, UNDO_APPROVAL = "backfills.run", "backfills.sign_off", "backfills.roll_back"
_REASON = 8
S = BackfillState


def draft(uow: UnitOfWork, *, definition: str, params: dict[str, Any] | None = None) -> uuid.UUID:
    """A new backfill of a registered definition. Nothing is counted or changed. Raises BadDefinition for parameters."""
    _require(uow, Permission.BACKFILL_DRAFT)
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
    _require(uow, Permission.BACKFILL_DRAFT)
    row = locked(uow, backfill_id)
    found, before = definition_named(row.definition), dict(row.params)
    move(uow, row, S.DRAFT)
    row.params = checked_params(found, params).model_dump(mode="json")
    row.definition_version = found.version
    row.dry_run = row.request_id = row.problem = None
    note(uow, row, "changed", before={"params": before}, after={"params": row.params})


def start_dry_run(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> uuid.UUID:
    """Queues the dry run; an earlier one, and what was agreed on it, no longer count. Returns the run."""
    _require(uow, Permission.BACKFILL_DRAFT)
    row = locked(uow, backfill_id)
    move(uow, row, S.DRY_RUNNING)
    row.definition_version = definition_named(row.definition).version
    row.dry_run = row.request_id = row.problem = None
    row.run_id = run_id = runs.enqueue(uow, kind=DRY_RUN, params=BackfillParams(backfill_id=row.id))
    note(uow, row, "dry_run_started")
    return run_id


def take_dry_run(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> dict[str, Any]:
    """The body of the dry run: measures, rolls back, keeps the document."""
    _require(uow, Permission.RUN_EXECUTE)
    row = locked(uow, backfill_id)
    definition = definition_named(row.definition)
    params = checked_params(definition, row.params)
    document = measuring.measured(uow.session.connection(), definition, params, number=row.number)
    move(uow, row, S.DRY_RUN_READY)
    row.dry_run = document | {"measured_at": uow.clock.now().isoformat()}
    note(
        uow,
        row,
        "dry_run_taken",
        after={"digest": canonical_json.digest(row.dry_run), "rows": document["frozen"]["rows"]},
    )
    return {"rows": document["frozen"]["rows"], "estimate": document["estimate"]}


def ask_approval(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> approvals.RequestView:
    """Asks whoever the policy names to agree to exactly this dry run. Raises Invalid when it would change nothing."""
    _require(uow, Permission.BACKFILL_DRAFT)
    row = locked(uow, backfill_id)
    move(uow, row, S.AWAITING_APPROVAL)
    if row.dry_run is None or not row.dry_run["frozen"]["rows"]:
        raise Invalid("The dry run found no row to change, so there is nothing to agree to.")
    asked = approvals.request(
        uow,
        kind=RUN_APPROVAL,
        subject_type="backfill",
        subject_id=row.id,
        entity_id=None,
        content=agreed_content(row, row.dry_run["frozen"]),
        facts=_facts(row.dry_run["frozen"]),
    )
    row.request_id = asked.id
    note(uow, row, "approval_asked", after={"request": str(asked.id), "digest": asked.digest})
    return asked


def start(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> uuid.UUID:
    """Uses the approval up and queues the work. Rows, checksum and money are measured anew first.

    Raises PlanChanged when the data are not what the dry run saw, approvals.ContentChanged when parameters, code or
    dry run are not what was agreed to, approvals.NotApproved. Nothing is changed then.
    """
    _require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    check_step(S(row.state), S.RUNNING)
    if row.state != S.APPROVED or row.request_id is None or row.dry_run is None:
        raise IllegalStep(row.state, S.RUNNING)
    definition = definition_named(row.definition)
    params, agreed = checked_params(definition, row.params), row.dry_run["frozen"]
    connection = uow.session.connection()
    now = measuring.frozen(connection, definition, params, agreed["bound"])
    approvals.consume(uow, request_id=row.request_id, content=agreed_content(row, agreed))
    if now != agreed:
        raise PlanChanged(
            f"The dry run saw {agreed['rows']} rows; now there are {now['rows']}, or others. Run it again.",
            agreed=agreed["rows"],
            found=now["rows"],
        )
    row.consumed_request_id = row.request_id
    row.plan = agreed_content(row, agreed)
    move(uow, row, S.RUNNING)
    row.started_by, row.started_by_name, row.started_at = uow.actor.id, uow.actor.name, uow.clock.now()
    ledger.lay_down(connection)
    row.run_id = run_id = runs.enqueue(uow, kind=EXECUTE, params=BackfillParams(backfill_id=row.id))
    note(uow, row, "started", after={"request": str(row.request_id), "rows": agreed["rows"]})
    return run_id


def pause(uow: UnitOfWork, *, backfill_id: uuid.UUID, reason: str | None = None) -> None:
    """Stops it at a batch boundary: once this has committed, no further batch does."""
    _require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    move(uow, row, S.PAUSED)
    _wish(uow, row, runs.pause)
    note(uow, row, "paused", reason=reason)


def resume(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> None:
    """Goes on after the last batch that committed; also after a failure."""
    _require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    undoing = row.state == S.FAILED and row.undo_reason is not None
    finished = row.state == S.FAILED and not undoing and row.changed_at is not None
    target = S.ROLLING_BACK if undoing else S.VERIFYING if finished else S.RUNNING
    kind = ROLL_BACK if undoing else VERIFY if finished else EXECUTE
    move(uow, row, target)
    row.problem = None
    if row.state != S.RUNNING or not _wish(uow, row, runs.resume):
        row.run_id = runs.enqueue(uow, kind=kind, params=BackfillParams(backfill_id=row.id))
    note(uow, row, "resumed")


def cancel(uow: UnitOfWork, *, backfill_id: uuid.UUID, reason: str) -> None:
    """Ends it: before the start it is thrown away; afterwards what was changed stays, until it is rolled back."""
    _require(uow, Permission.BACKFILL_DRAFT if _is_before_start(uow, backfill_id) else Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    _require_reason(reason)
    if row.state in BEFORE_START:
        move(uow, row, S.DISCARDED)
    else:
        move(uow, row, S.CANCELLED)
        _wish(uow, row, runs.cancel)
    row.problem, row.ended_at = reason, uow.clock.now()
    note(uow, row, "cancelled", reason=reason)


def set_pace(uow: UnitOfWork, *, backfill_id: uuid.UUID, pace: Pace) -> None:
    """Slower or faster from the next batch on."""
    _require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    before, row.pace = row.pace, Pace(pace).value
    note(uow, row, "pace_set", before={"pace": before}, after={"pace": row.pace})


def verify_again(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> uuid.UUID:
    """Measures the checks and the sample once more, after a failed verification or before the signature."""
    _require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    if row.changed_at is None or row.undo_reason is not None:
        raise NotAtWork("There is nothing to verify: it has not changed all its rows, or it is being taken back.")
    move(uow, row, S.VERIFYING)
    row.signoff_request_id = row.problem = None
    row.run_id = run_id = runs.enqueue(uow, kind=VERIFY, params=BackfillParams(backfill_id=row.id))
    note(uow, row, "verification_started")
    return run_id


def roll_back(uow: UnitOfWork, *, backfill_id: uuid.UUID, reason: str) -> approvals.RequestView | None:
    """Takes it back. Until Finance has signed, the approval of the start covers it and it begins at once.

    After the signature it is asked for, and begins when it is agreed to; the request is returned then. Raises
    NotUndoable, Invalid without a reason.
    """
    _require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    _require_reason(reason)
    check_step(S(row.state), S.ROLLING_BACK)
    if not definition_named(row.definition).undoable:
        raise NotUndoable("Its definition says that this change cannot be taken back.")
    if row.state != S.SIGNED_OFF:
        begin_rollback(uow, row, reason)
        return None
    changed = ledger.read_cursor(uow.session.connection(), row.id).changed
    asked = approvals.request(
        uow,
        kind=UNDO_APPROVAL,
        subject_type="backfill",
        subject_id=row.id,
        entity_id=None,
        content=undo_content(row, changed) | {"reason": reason},
        facts=approvals.ApprovalFacts(rows=changed),
    )
    row.undo_request_id = asked.id
    note(uow, row, "rollback_asked", reason=reason, after={"request": str(asked.id)})
    return asked


def begin_rollback(uow: UnitOfWork, row: Backfill, reason: str) -> None:
    """`row` is locked, and the right to take it back was checked."""
    move(uow, row, S.ROLLING_BACK)
    row.undo_reason, row.problem, row.ended_at = reason, None, None
    # The last voter need not be somebody who may start work; the request was made by one who may.
    console = UnitOfWork(uow.session, Actor.system("backfills", on_behalf_of=uow.actor.name), uow.clock, uow.request_id)
    row.run_id = runs.enqueue(console, kind=ROLL_BACK, params=BackfillParams(backfill_id=row.id))
    note(uow, row, "rollback_started", reason=reason)


def agreed_content(row: Backfill, frozen: dict[str, Any]) -> dict[str, Any]:
    """What people agree to, computed from what would be done now: parameters as they stand, code as it is loaded."""
    definition = definition_named(row.definition)
    return {
        "definition": definition.name,
        "version": definition.version,
        "code": code_digest(definition),
        "params": row.params,
        "frozen": frozen,
        "dry_run": canonical_json.digest(row.dry_run),
        "estimate": (row.dry_run or {}).get("estimate"),
    }


def undo_content(row: Backfill, changed: int) -> dict[str, Any]:
    return {"backfill": str(row.id), "number": row.number, "definition": row.definition, "changed": changed}


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


def _require(uow: UnitOfWork, permission: Permission) -> None:
    """A backfill may touch the rows of every legal entity, so the right has to hold for all of them."""
    uow.actor.require(permission)
    if uow.actor.grants[permission].ids is not None:
        raise Forbidden(
            "A backfill touches every legal entity; your right holds for some of them.", permission=str(permission)
        )


def _wish(uow: UnitOfWork, row: Backfill, wish: Any) -> bool:
    """Tells the run; False when it has ended already and there is nobody to tell."""
    try:
        with uow.session.begin_nested():
            wish(uow, run_id=row.run_id)
    except runs.IllegalWish:
        return False
    return True


def _is_before_start(uow: UnitOfWork, backfill_id: uuid.UUID) -> bool:
    return uow.session.scalar(select(Backfill.state).where(Backfill.id == backfill_id)) in BEFORE_START


def _require_reason(reason: str) -> None:
    if len(reason.strip()) < _REASON:
        raise Invalid(f"Say why in at least {_REASON} characters; it stands in the audit log.")


def _facts(frozen: dict[str, Any]) -> approvals.ApprovalFacts:
    """The money that moves in the currency where it moves most, and the rows."""
    largest = max(frozen["money"], key=lambda one: abs(one["moved"]), default=None)
    if largest is None or not largest["moved"]:
        return approvals.ApprovalFacts(rows=frozen["rows"])
    return approvals.ApprovalFacts(abs(largest["moved"]), largest["currency"], frozen["rows"])
