"""Ending a break: at once, or, above a threshold, by a proposal that somebody else agrees to."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from services import approvals
from services.core import events
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.money import Money
from services.core.permissions import Permission
from services.reconciliation.asking import WRITE_OFF
from services.reconciliation.breakwork import audited, locked, next_version, refuse_step, tell
from services.reconciliation.errors import ReasonMissing
from services.reconciliation.models import Break, RuleSet
from services.reconciliation.models import Definition as DefinitionRow
from services.reconciliation.policy import BY_A_PERSON, REASON_LENGTH, may_step, needs_agreement, reason_suffices
from services.reconciliation.rolling import follow_break
from services.reconciliation.views import WriteOffTerms
from services.reconciliation.vocabulary import BreakState, Resolution


def resolve_break(uow: UnitOfWork, *, number: int, version: int, resolution: Resolution, reason: str) -> int:
    """Ends the break with a resolution a person may give and a reason of at least eight characters.

    Writing off more than the definition's threshold only proposes it: the break waits for somebody else of Finance
    and counts in the deviation until then. Resolved, it no longer counts; a later run that finds other facts opens
    it again. Returns the new version.
    """
    row = locked(uow, number, version, ends=True)
    if Resolution(resolution) not in BY_A_PERSON:
        raise Invalid("That a break is explained is for a run to find; choose another resolution.")
    if not reason_suffices(reason):
        raise ReasonMissing(f"Say in at least {REASON_LENGTH} characters why this ends the break.")
    refuse_step(row, may_step(BreakState(row.state), BreakState.RESOLVED), "resolve it again")
    refuse_step(row, row.state != BreakState.PROPOSED, "propose it again while a proposal waits")
    if needs_agreement(Resolution(resolution), row.delta_minor, _threshold(uow, row)):
        return _propose(uow, row, Resolution(resolution), reason.strip())
    return _resolve(uow, row, Resolution(resolution), reason.strip())


def write_off_terms(uow: UnitOfWork, *, numbers: Sequence[int]) -> tuple[WriteOffTerms, ...]:
    """What writing off each of these breaks would take now, in the order of their numbers.

    Breaks the actor may not work on, and those that are resolved or proposed already, are left out.
    """
    scope = uow.actor.reach(Permission.BREAK_WORK)
    unresolved = Break.state.in_([BreakState.OPEN.value, BreakState.IN_WORK.value])
    rows = uow.session.scalars(
        select(Break).where(Break.number.in_(numbers), scope.allows(Break.entity_id), unresolved).order_by(Break.number)
    )
    return tuple(_terms(uow, row) for row in rows)


def _terms(uow: UnitOfWork, row: Break) -> WriteOffTerms:
    alone, agreeing = _threshold(uow, row), None
    above = needs_agreement(Resolution.ACCEPTED, row.delta_minor, alone)
    if above and uow.actor.may(Permission.APPROVAL_READ):
        agreeing = approvals.standing(uow, kind=WRITE_OFF.name, facts=[_facts(row)]).tier
    amount = Money(abs(row.delta_minor), row.currency)
    return WriteOffTerms(row.number, Money(alone, row.currency), amount, above, agreeing)


def resolve_approved(uow: UnitOfWork, request: approvals.RequestView) -> None:
    """Ends the break as it was proposed, in the last voter's transaction."""
    row = locked(uow, int(request.subject_id), ends=True)
    resolution, reason = Resolution(request.content["resolution"]), request.content["reason"]
    approvals.consume(uow, request_id=request.id, content=_content(row, resolution, reason))
    _resolve(uow, row, resolution, reason)


def proposal_ended(uow: UnitOfWork, request_id: str) -> None:
    """The proposal was rejected, withdrawn or is too old: the break is open, or in work, again."""
    row = uow.session.scalar(select(Break).where(Break.proposal_id == uuid.UUID(request_id)).with_for_update())
    if row is not None and row.state == BreakState.PROPOSED:
        row.state = (BreakState.IN_WORK if row.assigned_to else BreakState.OPEN).value
        row.proposal_id = row.proposed_by_name = None
        tell(uow, row, "reopened", "")
        next_version(uow, row)


def _propose(uow: UnitOfWork, row: Break, resolution: Resolution, reason: str) -> int:
    asked = approvals.request(
        uow,
        kind=WRITE_OFF.name,
        subject_type="reconciliation_break",
        subject_id=str(row.number),
        entity_id=row.entity_id,
        content=_content(row, resolution, reason),
        facts=_facts(row),
    )
    before = {"state": row.state}
    row.state, row.proposal_id, row.proposed_by_name = BreakState.PROPOSED.value, asked.id, uow.actor.name
    tell(uow, row, "proposed", reason)
    audited(uow, row, "proposed", before=before, after={"resolution": resolution.value}, reason=reason)
    return next_version(uow, row)


def _resolve(uow: UnitOfWork, row: Break, resolution: Resolution, reason: str) -> int:
    before = {"state": row.state}
    row.state, row.resolution, row.resolved_reason = BreakState.RESOLVED.value, resolution.value, reason
    row.resolved_by, row.resolved_by_name, row.resolved_at = uow.actor.id, uow.actor.name, uow.clock.now()
    follow_break(uow, row)
    tell(uow, row, "resolved", reason)
    audited(uow, row, "resolved", before=before, after={"resolution": resolution.value}, reason=reason)
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
    return next_version(uow, row)


def _facts(row: Break) -> approvals.ApprovalFacts:
    return approvals.ApprovalFacts(amount_minor=abs(row.delta_minor), currency=row.currency)


def _content(row: Break, resolution: Resolution, reason: str) -> dict[str, Any]:
    """What is proposed, with the facts it was proposed upon: other facts need another proposal."""
    return {
        "number": row.number,
        "key": row.subject_key,
        "break_class": row.break_class,
        "delta_minor": row.delta_minor,
        "currency": row.currency,
        "since": row.since_seq,
        "resolution": resolution.value,
        "reason": reason,
    }


def _threshold(uow: UnitOfWork, row: Break) -> int:
    rules = uow.session.get_one(DefinitionRow, row.definition)
    parameters = uow.session.get_one(RuleSet, (row.definition, rules.rule_version)).parameters
    return int(parameters.get("write_off_alone_minor", 10_000))
