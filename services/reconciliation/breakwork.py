"""Work on a break: who has it, what was said, how it ended. Every step is in its story and in the audit log."""

from __future__ import annotations

import re
import uuid
from typing import Any

from sqlalchemy import select

from services import audit, identity, notifications
from services.core.actor import Subject
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.money import Money
from services.core.permissions import Permission
from services.core.words import Words
from services.reconciliation.errors import BreakNotFound, ReasonMissing, StaleBreak, StepNotAllowed
from services.reconciliation.models import Break, Comment
from services.reconciliation.policy import REASON_LENGTH, may_step, reason_suffices
from services.reconciliation.rolling import follow_break
from services.reconciliation.vocabulary import BreakState

_ASKED = Words("{name} asks you about B-{number}", "{name} fragt Sie zu B-{number}")
_LOOK = Words("Open the break", "Klärfall öffnen")
_MENTION = re.compile(r"(?<![\w.])@([\w.+-]+)")


def comment_on_break(uow: UnitOfWork, *, number: int, body: str) -> uuid.UUID:
    """Adds a remark of 1 to 4,000 characters to the break's story. A remark never goes stale."""
    row = locked(uow, number)
    if not 1 <= len(body.strip()) <= 4000:
        raise Invalid("A comment takes 1 to 4,000 characters.")
    comment = tell(uow, row, "comment", body.strip())
    _call_mentioned(uow, row, body)
    audited(uow, row, "commented", after={"comment": str(comment), "length": len(body.strip())})
    return comment


def assign_break(uow: UnitOfWork, *, number: int, version: int, person_id: uuid.UUID | None) -> int:
    """Gives the break to somebody who may work on it, or to nobody; returns the new version.

    Given to somebody, an open break is in work; taken away, it is open again. Raises StaleBreak when it was
    changed since `version` was read.
    """
    row = locked(uow, number, version)
    refuse_step(row, row.state != BreakState.RESOLVED, "assign a break that is resolved; reopen it first")
    refuse_step(row, row.state != BreakState.PROPOSED, "assign a break whose resolution waits for agreement")
    name = _colleague(uow, row, person_id) if person_id else None
    before = {"assigned_to": row.assigned_name, "state": row.state}
    row.assigned_to, row.assigned_name = person_id, name
    row.state = (BreakState.IN_WORK if person_id else BreakState.OPEN).value
    tell(uow, row, "assigned" if name else "unassigned", name or "")
    audited(uow, row, "assigned", before=before, after={"assigned_to": name, "state": row.state})
    return next_version(uow, row)


def reopen_break(uow: UnitOfWork, *, number: int, version: int, reason: str) -> int:
    """Opens a break that a person resolved; one that a run closed stays closed, since it is no longer found."""
    row = locked(uow, number, version, ends=True)
    allowed = may_step(BreakState(row.state), BreakState.OPEN) and row.state == BreakState.RESOLVED
    refuse_step(row, allowed and row.closed_seq is None, "reopen it: no run finds it any more, or it is open")
    if not reason_suffices(reason):
        raise ReasonMissing(f"Say in at least {REASON_LENGTH} characters why it is opened again.")
    before = {"resolution": row.resolution, "reason": row.resolved_reason}
    row.state = (BreakState.IN_WORK if row.assigned_to else BreakState.OPEN).value
    row.resolution = row.resolved_reason = row.resolved_by = row.resolved_by_name = row.resolved_at = None
    row.reopened += 1
    follow_break(uow, row)
    tell(uow, row, "reopened", reason.strip())
    audited(uow, row, "reopened", before=before, after={"state": row.state}, reason=reason.strip())
    return next_version(uow, row)


def _call_mentioned(uow: UnitOfWork, row: Break, body: str) -> None:
    """Everybody named by the part of their address before the @ (`@ada`) gets a letter, once a remark."""
    names = {name.lower() for name in _MENTION.findall(body)}
    people = identity.holders(uow, permission=Permission.BREAK_WORK, entity_id=row.entity_id) if names else []
    for person in people:
        if person.email.partition("@")[0].lower() in names and person.id != uow.actor.id:
            letter = notifications.Letter(
                subject=_ASKED.of(person.locale, name=uow.actor.name, number=row.number),
                paragraphs=(body.strip(),),
                action=(_LOOK.of(person.locale), f"/breaks/B-{row.number}"),
                locale=person.locale,
            )
            notifications.send(uow, recipient=person.email, letter=letter, purpose="reconciliation.mention")


def locked(uow: UnitOfWork, number: int, version: int | None = None, *, ends: bool = False) -> Break:
    """The break for a change. Raises BreakNotFound, and StaleBreak when it is not of that version.

    `ends` says that the change takes its amount out of the deviation or puts it back, which is what a role may limit.
    Raises Forbidden outside of what the role allows.
    """
    scope = uow.actor.reach(Permission.BREAK_WORK)
    row = uow.session.scalar(
        select(Break)
        .where(Break.number == number, scope.allows(Break.entity_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise BreakNotFound(f"There is no break B-{number} in the entities you may work in.", number=number)
    require_work(uow, row, Money(row.delta_minor if ends else 0, row.currency))
    if version is not None and row.version != version:
        raise StaleBreak(
            f"B-{number} was changed since you opened it. Nothing was changed by you; look at it again.",
            changed={"state": row.state, "assigned_to": row.assigned_name, "resolution": row.resolution},
            version=row.version,
        )
    return row


def require_work(uow: UnitOfWork, row: Break, amount: Money) -> None:
    """Raises Forbidden when a role narrows work on breaks and this one, or `amount`, lies outside."""
    narrowed = Permission.BREAK_WORK in uow.actor.conditions
    teams = identity.teams_of(uow, user_id=row.assigned_to) if narrowed and row.assigned_to else frozenset[str]()
    uow.actor.require(Permission.BREAK_WORK, row.entity_id, subject=Subject(row.assigned_to, teams, amount))


def refuse_step(row: Break, allowed: bool, what: str) -> None:
    """Raises StepNotAllowed unless allowed."""
    if not allowed:
        raise StepNotAllowed(f"B-{row.number} is {row.state}; one cannot {what}.", state=row.state)


def _colleague(uow: UnitOfWork, row: Break, person_id: uuid.UUID) -> str:
    people = identity.colleagues(uow, permission=Permission.BREAK_WORK, entity_id=row.entity_id)
    for person in people:
        if person.id == person_id:
            return person.name
    raise Invalid("This person may not work on breaks of this legal entity; choose somebody of Finance.")


def tell(uow: UnitOfWork, row: Break, kind: str, body: str) -> uuid.UUID:
    """A line in the break's story."""
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


def next_version(uow: UnitOfWork, row: Break) -> int:
    """Counts the change, so that somebody who looked before it is told."""
    row.version += 1
    uow.session.flush()
    return row.version


def audited(
    uow: UnitOfWork,
    row: Break,
    verb: str,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """The audit entry of a step."""
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
