"""The way back: agreed to, or at once in an emergency."""

from __future__ import annotations

import uuid
from typing import Any

from services import approvals, runs
from services.backfills import announcing, ledger
from services.backfills.definition import definition_named
from services.backfills.errors import NotUndoable
from services.backfills.models import Backfill
from services.backfills.policy import check_step
from services.backfills.service import S, as_console, locked, move, note, require, require_reason
from services.backfills.vocabulary import ROLL_BACK, BackfillParams
from services.core.db import UnitOfWork
from services.core.permissions import Permission

UNDO_APPROVAL = "backfills.roll_back"


def roll_back(
    uow: UnitOfWork, *, backfill_id: uuid.UUID, reason: str, emergency: bool = False
) -> approvals.RequestView | None:
    """Takes it back. What Finance rejected begins at once; otherwise it is asked for and begins when it is agreed to.

    With `emergency` it begins at once under the actor's name and reason, and Finance, Ops and Dev are told: the
    approval of the start agreed to that. Returns the request, None when it has begun. Raises NotUndoable, Invalid
    without a reason.
    """
    require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    require_reason(reason)
    _check_undoable(row, emergency=emergency)
    if emergency:
        _at_once(uow, row, reason)
    elif row.state == S.REJECTED:
        begin_rollback(uow, row, reason)
    else:
        return _ask(uow, row, reason)
    return None


def _check_undoable(row: Backfill, *, emergency: bool) -> None:
    check_step(S(row.state), S.ROLLING_BACK)
    if not definition_named(row.definition).undoable:
        raise NotUndoable("Its definition says that this change cannot be taken back.")
    if row.state == S.AWAITING_SIGNOFF and not emergency:
        raise NotUndoable(
            "Finance has not decided yet. Finance can reject it; in an emergency it is taken back at once."
        )


def _at_once(uow: UnitOfWork, row: Backfill, reason: str) -> None:
    uow.actor.require_fresh_proof(uow.clock.now())
    _end_signature(uow, row)
    row.emergency_by_name = uow.actor.name
    begin_rollback(uow, row, reason)
    announcing.announce(uow, row, "emergency", reason=reason)


def _ask(uow: UnitOfWork, row: Backfill, reason: str) -> approvals.RequestView:
    changed = ledger.changed_by(uow.session.connection(), row.id)
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
    row.undo_reason, row.problem, row.ended_at, row.hold = reason, None, None, None
    # The last voter need not be somebody who may start work; the request was made by one who may.
    console = as_console(uow)
    row.run_id = runs.enqueue(console, kind=ROLL_BACK, params=BackfillParams(backfill_id=row.id))
    emergency = row.emergency_by_name is not None
    note(uow, row, "rollback_started", reason=reason, after={"emergency": emergency})


def _end_signature(uow: UnitOfWork, row: Backfill) -> None:
    """Nobody signs what is being taken back."""
    if row.state == S.AWAITING_SIGNOFF and row.signoff_request_id is not None:
        former, row.signoff_request_id = row.signoff_request_id, None
        approvals.void(uow, request_id=former, reason="It is being taken back in an emergency.")


def undo_content(row: Backfill, changed: int) -> dict[str, Any]:
    return {"backfill": str(row.id), "number": row.number, "definition": row.definition, "changed": changed}
