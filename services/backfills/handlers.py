"""What backfills do when others decide: a request approved, rejected or ended, a run that died."""

from __future__ import annotations

import uuid

from sqlalchemy import select

from services import approvals, reconciliation
from services.backfills import announcing, calendaring, ledger
from services.backfills.models import Backfill
from services.backfills.models_calendar import ReleaseFreeze
from services.backfills.service import RUN_APPROVAL, RUN_CLOSED_APPROVAL, S, locked, move, note, unplan
from services.backfills.signing import SIGN_OFF_APPROVAL, check_explained, signed_content
from services.backfills.steering import stop_waiting
from services.backfills.undoing import UNDO_APPROVAL, begin_rollback, undo_content
from services.core.db import UnitOfWork
from services.core.events import DomainEvent


def on_approved(uow: UnitOfWork, event: DomainEvent) -> None:
    """Handler of `approvals.request_approved`: may start, is signed, is taken back, or a freeze is lifted."""
    if event.data.get("kind") == calendaring.LIFT_APPROVAL:
        _lift(uow, event)
        return
    row = _row_of(uow, event)
    if row is None:
        return
    request_id = uuid.UUID(event.subject_id)
    if event.data["kind"] in (RUN_APPROVAL, RUN_CLOSED_APPROVAL) and row.request_id == request_id:
        move(uow, row, S.APPROVED)
    elif event.data["kind"] == SIGN_OFF_APPROVAL and row.signoff_request_id == request_id:
        check_explained(row)
        approvals.consume(uow, request_id=request_id, content=signed_content(row))
        move(uow, row, S.SIGNED_OFF)
        row.signed_by_name, row.ended_at = uow.actor.name, uow.clock.now()
        note(uow, row, "signed_off", after={"request": str(request_id)})
        announcing.announce(uow, row, "signed_off")
    elif event.data["kind"] == UNDO_APPROVAL and row.undo_request_id == request_id:
        _undo(uow, row, request_id)


def on_refused(uow: UnitOfWork, event: DomainEvent) -> None:
    """Handler of a request's rejection, withdrawal or expiry: back to the dry run, or rejected by Finance."""
    row = _row_of(uow, event)
    if row is None:
        return
    request_id = uuid.UUID(event.subject_id)
    if row.request_id == request_id and row.state in (S.AWAITING_APPROVAL, S.APPROVED):
        unplan(row)
        move(uow, row, S.DRY_RUN_READY)
        row.request_id, row.problem = None, f"The request was {event.name.rsplit('_', 1)[-1]}."
    elif row.signoff_request_id == request_id and row.state == S.AWAITING_SIGNOFF and event.name.endswith("_rejected"):
        move(uow, row, S.REJECTED)
        row.problem = "Finance did not sign."
        note(uow, row, "rejected", after={"request": str(request_id)})
        announcing.announce(uow, row, "rejected")


def on_run_died(uow: UnitOfWork, event: DomainEvent) -> None:
    """Handler of `run.died`: the backfill says why it stands still."""
    mine = Backfill.run_id == uuid.UUID(event.subject_id)
    if event.data["kind"] == reconciliation.RUN.name:
        mine = Backfill.baseline["runs"].contains([event.subject_id])
    elif not event.data["kind"].startswith("backfills."):
        return
    row = uow.session.scalar(select(Backfill).where(mine).with_for_update())
    if row is None or row.state not in (S.DRY_RUNNING, S.RUNNING, S.VERIFYING, S.ROLLING_BACK):
        return
    if event.data["kind"] == reconciliation.RUN.name:
        stop_waiting(uow, row)
    move(uow, row, S.DRAFT if row.state == S.DRY_RUNNING else S.FAILED)
    row.problem = event.data["error"]
    note(uow, row, "failed", after={"error": event.data["error"]})
    if row.state == S.FAILED:
        announcing.announce(uow, row, "failed", reason=event.data["error"])


def _undo(uow: UnitOfWork, row: Backfill, request_id: uuid.UUID) -> None:
    content = approvals.request_detail(uow, request_id=request_id).request.content
    changed = ledger.changed_by(uow.session.connection(), row.id)
    approvals.consume(uow, request_id=request_id, content=undo_content(row, changed) | {"reason": content["reason"]})
    begin_rollback(uow, row, content["reason"])


def _lift(uow: UnitOfWork, event: DomainEvent) -> None:
    request_id = uuid.UUID(event.subject_id)
    row = uow.session.scalar(select(ReleaseFreeze).where(ReleaseFreeze.lift_request_id == request_id).with_for_update())
    if row is None or row.lifted_at is not None:
        return
    reason = approvals.request_detail(uow, request_id=request_id).request.content["reason"]
    approvals.consume(uow, request_id=request_id, content=calendaring.lift_content(row, reason))
    calendaring.lifted(uow, row, reason)


def _row_of(uow: UnitOfWork, event: DomainEvent) -> Backfill | None:
    if event.data.get("kind") not in (RUN_APPROVAL, RUN_CLOSED_APPROVAL, SIGN_OFF_APPROVAL, UNDO_APPROVAL):
        return None
    return locked(uow, uuid.UUID(event.data["subject"].partition("/")[2]))
