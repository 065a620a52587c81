"""Holiday cover: one's votes in somebody else's hands for some days."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import or_, select

from services import audit, identity
from services.approvals import letters
from services.approvals.authority import today
from services.approvals.errors import BadDelegation, RequestNotFound
from services.approvals.models import ApprovalDelegation
from services.approvals.views import DelegationView
from services.approvals.vocabulary import TEAM_RIGHTS
from services.core import events
from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from services.core.locks import take_turn
from services.core.permissions import Permission

_LONGEST_DAYS = 92


def delegate(uow: UnitOfWork, *, to_id: uuid.UUID, starts_on: dt.date, ends_on: dt.date, reason: str) -> DelegationView:
    """Lets somebody vote in the actor's place on these days (the merchant's), both included, at most 92.

    They may do what the actor may do by their own rights, never decide what they asked for themselves, and not hand
    it on. Raises Forbidden without a right to vote, BadDelegation for oneself, for the past, for days on which
    somebody stands in already, and for a person who has given their own votes away on one of the days.
    """
    actor = uow.actor
    if actor.id is None or not any(actor.may(right) for right in TEAM_RIGHTS.values()):
        raise Forbidden("You have no vote that somebody could cast for you.", permission="approvals.vote")
    actor.require_fresh_proof(uow.clock.now())
    take_turn(uow.session, "approvals/delegation")
    _check_days(uow, starts_on, ends_on, reason)
    _check_people(uow, actor.id, to_id, _overlapping(uow, starts_on, ends_on))
    (chosen,) = identity.contacts(uow, user_ids=[to_id])
    row = ApprovalDelegation(
        from_id=actor.id,
        from_name=actor.name,
        to_id=to_id,
        to_name=chosen.name,
        starts_on=starts_on,
        ends_on=ends_on,
        reason=reason.strip(),
    )
    uow.session.add(row)
    uow.session.flush()
    _tell(uow, row, "made")
    return _view(uow, row)


def revoke_delegation(uow: UnitOfWork, *, delegation_id: uuid.UUID) -> None:
    """Ends cover at once: by who gave it, who has it, or who manages people. Votes that were cast stay."""
    uow.actor.require(Permission.APPROVAL_READ)
    row = uow.session.get(ApprovalDelegation, delegation_id, populate_existing=True, with_for_update=True)
    concerned = row is not None and uow.actor.id in (row.from_id, row.to_id)
    if row is None or not (concerned or uow.actor.may(Permission.USER_MANAGE)):
        raise RequestNotFound("There is no such delegation that you could end.")
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by_name = uow.clock.now(), uow.actor.name
        uow.session.flush()
        _tell(uow, row, "revoked")


def delegations(uow: UnitOfWork) -> list[DelegationView]:
    """The reader's own, given and held; all of them for who may see the people. Newest first, of the last year."""
    uow.actor.require(Permission.APPROVAL_READ)
    statement = select(ApprovalDelegation).where(ApprovalDelegation.ends_on >= today(uow) - dt.timedelta(days=365))
    if not uow.actor.may(Permission.USER_READ):
        mine = or_(ApprovalDelegation.from_id == uow.actor.id, ApprovalDelegation.to_id == uow.actor.id)
        statement = statement.where(mine)
    rows = uow.session.scalars(
        statement.order_by(ApprovalDelegation.id.desc()).limit(200).execution_options(populate_existing=True)
    )
    return [_view(uow, row) for row in rows]


def candidates(uow: UnitOfWork) -> list[identity.PersonView]:
    """Who could stand in for the actor: everybody else who may see requests."""
    uow.actor.require(Permission.APPROVAL_READ)
    reach = [None, *(entity.id for entity in identity.legal_entities(uow))]
    found = {
        person.id: identity.PersonView(person.id, person.name)
        for entity_id in reach
        for person in identity.holders(uow, permission=Permission.APPROVAL_READ, entity_id=entity_id)
        if person.id != uow.actor.id
    }
    return sorted(found.values(), key=lambda person: person.name)


def _check_days(uow: UnitOfWork, starts_on: dt.date, ends_on: dt.date, reason: str) -> None:
    if starts_on < today(uow) or ends_on < starts_on or ends_on - starts_on >= dt.timedelta(days=_LONGEST_DAYS):
        raise BadDelegation(f"Cover begins today or later, and lasts from one to {_LONGEST_DAYS} days.")
    if not 3 <= len(reason.strip()) <= 500:
        raise BadDelegation("Say in a few words why, such as “holiday”.")


def _check_people(uow: UnitOfWork, from_id: uuid.UUID, to_id: uuid.UUID, same_days: list[ApprovalDelegation]) -> None:
    given = {row.from_id for row in same_days}
    if to_id == from_id:
        raise BadDelegation("Choose somebody else; you cannot stand in for yourself.")
    if from_id in given:
        raise BadDelegation("Somebody stands in for you on one of these days already; end that first.")
    if to_id in given:
        raise BadDelegation("This person has given their own votes away on one of these days; choose somebody else.")
    if to_id not in {person.id for person in candidates(uow)}:
        raise BadDelegation("Only somebody who may see requests can stand in for you.")


def _overlapping(uow: UnitOfWork, starts_on: dt.date, ends_on: dt.date) -> list[ApprovalDelegation]:
    return list(
        uow.session.scalars(
            select(ApprovalDelegation).where(
                ApprovalDelegation.revoked_at.is_(None),
                ApprovalDelegation.starts_on <= ends_on,
                ApprovalDelegation.ends_on >= starts_on,
            )
        )
    )


def _tell(uow: UnitOfWork, row: ApprovalDelegation, verb: str) -> None:
    facts = {
        "from": row.from_name,
        "to": row.to_name,
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat(),
    }
    audit.record(
        uow,
        action=f"approvals.delegation.{verb}",
        subject_type="approval_delegation",
        subject_id=row.id,
        after=facts,
        reason=row.reason,
    )
    letters.on_cover(uow, row)
    event = events.DomainEvent(f"approvals.delegation_{verb}", "approval_delegation", str(row.id), None, facts)
    events.emit(uow, event)


def _view(uow: UnitOfWork, row: ApprovalDelegation) -> DelegationView:
    return DelegationView(
        id=row.id,
        from_id=row.from_id,
        from_name=row.from_name,
        to_id=row.to_id,
        to_name=row.to_name,
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        reason=row.reason,
        revoked_at=row.revoked_at,
        active=row.revoked_at is None and row.starts_on <= today(uow) <= row.ends_on,
    )
