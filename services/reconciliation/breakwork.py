"""Work on a break: who has it, what was said, how it ended. Every step is in its story and in the audit log."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from services import audit, identity
from services.core import events
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission
from services.reconciliation.errors import BreakNotFound, ReasonMissing, StaleBreak, StepNotAllowed
from services.reconciliation.models import Break, Comment
from services.reconciliation.policy import BY_A_PERSON, REASON_LENGTH, may_step, reason_suffices
from services.reconciliation.vocabulary import BreakState, Resolution


def comment_on_break(uow: UnitOfWork, *, number: int, body: str) -> uuid.UUID:
    """Adds a remark of 1 to 4,000 characters to the break's story. A remark never goes stale."""
    row = _locked(uow, number)
    if not 1 <= len(body.strip()) <= 4000:
        raise Invalid("A comment takes 1 to 4,000 characters.")
    comment = _tell(uow, row, "comment", body.strip())
    _audit(uow, row, "commented", after={"comment": str(comment), "length": len(body.strip())})
    return comment


def assign_break(uow: UnitOfWork, *, number: int, version: int, person_id: uuid.UUID | None) -> int:
    """Gives the break to somebody who may work on it, or to nobody; returns the new version.

    Given to somebody, an open break is in work; taken away, it is open again. Raises StaleBreak when it was
    changed since `version` was read.
    """
    row = _locked(uow, number, version)
    _refuse_step(row, row.state != BreakState.RESOLVED, "assign a break that is resolved; reopen it first")
    name = _colleague(uow, row, person_id) if person_id else None
    before = {"assigned_to": row.assigned_name, "state": row.state}
    row.assigned_to, row.assigned_name = person_id, name
    row.state = (BreakState.IN_WORK if person_id else BreakState.OPEN).value
    _tell(uow, row, "assigned" if name else "unassigned", name or "")
    _audit(uow, row, "assigned", before=before, after={"assigned_to": name, "state": row.state})
    return _next_version(uow, row)


def resolve_break(uow: UnitOfWork, *, number: int, version: int, resolution: Resolution, reason: str) -> int:
    """Ends the break with a resolution a person may give and a reason of at least eight characters.

    It no longer counts in the deviation. A later run that finds other facts opens it again. Returns the new version.
    """
    row = _locked(uow, number, version)
    if Resolution(resolution) not in BY_A_PERSON:
        raise Invalid("That a break is explained is for a run to find; choose another resolution.")
    if not reason_suffices(reason):
        raise ReasonMissing(f"Say in at least {REASON_LENGTH} characters why this ends the break.")
    _refuse_step(row, may_step(BreakState(row.state), BreakState.RESOLVED), "resolve it again")
    before = {"state": row.state}
    row.state, row.resolution, row.resolved_reason = BreakState.RESOLVED.value, resolution.value, reason.strip()
    row.resolved_by, row.resolved_by_name, row.resolved_at = uow.actor.id, uow.actor.name, uow.clock.now()
    _tell(uow, row, "resolved", reason.strip())
    _audit(uow, row, "resolved", before=before, after={"resolution": resolution.value}, reason=reason.strip())
    events.emit(
        uow,
        events.DomainEvent(
            "reconciliation.break_resolved",
            "reconciliation_break",
            str(row.number),
            row.entity_id,
            {"resolution": resolution.value, "delta_minor": row.delta_minor, "currency": row.currency},
        ),
    )
    return _next_version(uow, row)


def reopen_break(uow: UnitOfWork, *, number: int, version: int, reason: str) -> int:
    """Opens a break that a person resolved; one that a run closed stays closed, since it is no longer found."""
    row = _locked(uow, number, version)
    allowed = may_step(BreakState(row.state), BreakState.OPEN) and row.state == BreakState.RESOLVED
    _refuse_step(row, allowed and row.closed_seq is None, "reopen it: no run finds it any more, or it is open")
    if not reason_suffices(reason):
        raise ReasonMissing(f"Say in at least {REASON_LENGTH} characters why it is opened again.")
    before = {"resolution": row.resolution, "reason": row.resolved_reason}
    row.state = (BreakState.IN_WORK if row.assigned_to else BreakState.OPEN).value
    row.resolution = row.resolved_reason = row.resolved_by = row.resolved_by_name = row.resolved_at = None
    row.reopened += 1
    _tell(uow, row, "reopened", reason.strip())
    _audit(uow, row, "reopened", before=before, after={"state": row.state}, reason=reason.strip())
    return _next_version(uow, row)


def _locked(uow: UnitOfWork, number: int, version: int | None = None) -> Break:
    scope = uow.actor.scope(Permission.BREAK_WORK)
    row = uow.session.scalar(
        select(Break)
        .where(Break.number == number, scope.allows(Break.entity_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise BreakNotFound(f"There is no break B-{number} in the entities you may work in.", number=number)
    if version is not None and row.version != version:
        raise StaleBreak(
            f"B-{number} was changed since you opened it. Nothing was changed by you; look at it again.",
            changed={"state": row.state, "assigned_to": row.assigned_name, "resolution": row.resolution},
            version=row.version,
        )
    return row


def _refuse_step(row: Break, allowed: bool, what: str) -> None:
    if not allowed:
        raise StepNotAllowed(f"B-{row.number} is {row.state}; one cannot {what}.", state=row.state)


def _colleague(uow: UnitOfWork, row: Break, person_id: uuid.UUID) -> str:
    people = identity.colleagues(uow, permission=Permission.BREAK_WORK, entity_id=row.entity_id)
    for person in people:
        if person.id == person_id:
            return person.name
    raise Invalid("This person may not work on breaks of this legal entity; choose somebody of Finance.")


def _tell(uow: UnitOfWork, row: Break, kind: str, body: str) -> uuid.UUID:
    line = Comment(
        number=row.number,
        kind=kind,
        body=body,
        author_id=uow.actor.id,
        author_name=uow.actor.name,
        written_at=uow.clock.now(),
    )
    uow.session.add(line)
    uow.session.flush()
    return line.id


def _next_version(uow: UnitOfWork, row: Break) -> int:
    row.version += 1
    uow.session.flush()
    return row.version


def _audit(
    uow: UnitOfWork,
    row: Break,
    verb: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    audit.record(
        uow,
        action=f"reconciliation.break.{verb}",
        subject_type="reconciliation_break",
        subject_id=str(row.number),
        entity_id=row.entity_id,
        before=before,
        after=after,
        reason=reason,
    )
