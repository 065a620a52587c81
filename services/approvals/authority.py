"""Who may vote on a request, in whose name, and who still could."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import Select, select

from services import identity
from services.approvals.models import ApprovalDelegation, ApprovalRequest, ApprovalSeat, ApprovalVote
from services.approvals.views import Authority
from services.approvals.vocabulary import TEAM_RIGHTS, Team
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork


def open_seats(uow: UnitOfWork, request_id: uuid.UUID) -> list[ApprovalSeat]:
    """The seats nobody has taken yet, in their order."""
    taken = select(ApprovalVote.seat).where(ApprovalVote.request_id == request_id, ApprovalVote.seat.is_not(None))
    return list(
        uow.session.scalars(
            select(ApprovalSeat)
            .where(ApprovalSeat.request_id == request_id, ApprovalSeat.seat.not_in(taken))
            .order_by(ApprovalSeat.seat)
        )
    )


def today(uow: UnitOfWork) -> dt.date:
    """The day of cover: the merchant's, not the server's."""
    return uow.clock.today(identity.home_zone(uow))


def authorities(uow: UnitOfWork, row: ApprovalRequest) -> list[Authority]:
    """For which teams the actor may vote on the request: by their own rights, then in the place of others.

    Somebody who stands in may do what the absent person may do by their own rights, never what was handed to
    them in turn: there are no chains. The requester's own vote cannot be cast by anybody.
    """
    actor = uow.actor
    if actor.kind is not ActorKind.USER or actor.id is None:
        return []
    own = [Authority(team, actor.id, actor.name, None) for team in Team if _holds(actor, team, row.entity_id)]
    return own + [
        Authority(team, cover.from_id, cover.from_name, cover.id)
        for cover in covers(uow, actor.id)
        if cover.from_id != row.requested_by
        for team in Team
        if cover.from_id in {person.id for person in holders(uow, team, row.entity_id)}
    ]


def holders(uow: UnitOfWork, team: Team, entity_id: uuid.UUID | None) -> list[identity.ContactView]:
    """Active people of the team for the entity, or for the whole installation when there is none."""
    return identity.holders(uow, permission=TEAM_RIGHTS[team], entity_id=entity_id)


def stand_ins(uow: UnitOfWork, people: set[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Who stands in today for each of `people`."""
    found: dict[uuid.UUID, set[uuid.UUID]] = {}
    for cover in uow.session.scalars(_active(uow).where(ApprovalDelegation.from_id.in_(people))):
        found.setdefault(cover.from_id, set()).add(cover.to_id)
    return found


def covers(uow: UnitOfWork, person: uuid.UUID) -> list[ApprovalDelegation]:
    """For whom the person stands in today."""
    return list(uow.session.scalars(_active(uow).where(ApprovalDelegation.to_id == person)))


def _active(uow: UnitOfWork) -> Select[ApprovalDelegation]:
    day = today(uow)
    return select(ApprovalDelegation).where(
        ApprovalDelegation.starts_on <= day,
        ApprovalDelegation.ends_on >= day,
        ApprovalDelegation.revoked_at.is_(None),
    )


def _holds(actor: Actor, team: Team, entity_id: uuid.UUID | None) -> bool:
    """A right for one entity does not decide over the whole installation."""
    right = TEAM_RIGHTS[team]
    if entity_id is not None:
        return actor.may(right, entity_id)
    return actor.may(right) and actor.grants[right].ids is None
