"""Reading requests: what waits for whom, one of them in full, and how many."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import aliased

from services import identity
from services.approvals.authority import authorities, covers, holders, stand_ins
from services.approvals.errors import RequestNotFound
from services.approvals.kinds import declared_kinds, kind_named
from services.approvals.models import ApprovalRequest, ApprovalSeat, ApprovalVote
from services.approvals.policy import OPEN_STATES, weighed
from services.approvals.reading import VOTES, policy_of, view_of, visible, vote_view, votes_of
from services.approvals.views import (
    Authority,
    PolicyView,
    RequestDetail,
    RequestFilter,
    RequestPage,
    RequestView,
    SeatView,
)
from services.approvals.vocabulary import (
    NOBODY,
    TEAM_RIGHTS,
    ApprovalFacts,
    Box,
    Decision,
    RequestState,
    Standing,
    Team,
)
from services.core.actor import ActorKind
from services.core.db import UnitOfWork
from services.core.permissions import Permission


def requests(
    uow: UnitOfWork,
    *,
    filter: RequestFilter | None = None,
    older_than: uuid.UUID | None = None,
    newer_than: uuid.UUID | None = None,
    limit: int = 50,
) -> RequestPage:
    """Requests newest first, by the cursors of a page before."""
    wanted = filter or RequestFilter()
    conditions = [visible(uow), *_filters(wanted)]
    if wanted.box is Box.WAITING:
        conditions.append(_waits_for_reader(uow))
    elif wanted.box is Box.MINE:
        conditions.append(ApprovalRequest.requested_by == (uow.actor.id or NOBODY))
    forward, cursor = newer_than is None, older_than or newer_than
    if cursor is not None:
        conditions.append(ApprovalRequest.id < cursor if forward else ApprovalRequest.id > cursor)
    order = ApprovalRequest.id.desc() if forward else ApprovalRequest.id
    found = uow.session.execute(
        select(ApprovalRequest, VOTES).where(*conditions).order_by(order).limit(limit + 1)
    ).all()
    more, found = len(found) > limit, found[:limit]
    rows = [view_of(row, votes) for row, votes in (found if forward else found[::-1])]
    has_newer, has_older = (cursor is not None, more) if forward else (more, True)
    newer = rows[0].id if rows and has_newer else None
    return RequestPage(tuple(rows), newer=newer, older=rows[-1].id if rows and has_older else None)


def count_waiting(uow: UnitOfWork) -> int:
    """How many requests wait for the reader's vote."""
    if not uow.actor.may(Permission.APPROVAL_READ):
        return 0
    return uow.session.scalar(select(func.count()).where(visible(uow), _waits_for_reader(uow))) or 0


def waiting(uow: UnitOfWork) -> tuple[int, float]:
    """How many requests wait for an agreement, and for how many seconds the oldest has; within the reader's scope."""
    uow.actor.require(Permission.APPROVAL_READ)
    pending = ApprovalRequest.state == RequestState.PENDING
    found = select(func.count(), func.min(ApprovalRequest.requested_at)).where(visible(uow), pending)
    count, oldest = uow.session.execute(found).one()
    return count, max((uow.clock.now() - oldest).total_seconds(), 0.0) if oldest else 0.0


def request_detail(uow: UnitOfWork, *, request_id: uuid.UUID) -> RequestDetail:
    """One request with exactly what will happen, who agreed and who still may. Raises RequestNotFound."""
    row = uow.session.scalar(
        select(ApprovalRequest)
        .where(ApprovalRequest.id == request_id, visible(uow))
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise RequestNotFound("There is no such request in the entities you may see.", request_id=str(request_id))
    votes = votes_of(uow, row.id)
    request = view_of(row, sum(vote.ordinal is not None for vote in votes))
    seats = _seats(uow, row, votes)
    own = _free_authorities(uow, row, votes)
    return RequestDetail(
        request=request,
        description=kind_named(row.kind).describe(uow, request),
        seats=seats,
        rejections=tuple(vote_view(vote) for vote in votes if vote.decision == Decision.REJECT),
        authorities=tuple(own),
        obstacle=_obstacle(uow, row, votes, seats, own),
        may_withdraw=row.state in {state.value for state in OPEN_STATES}
        and uow.actor.id is not None
        and row.requested_by == uow.actor.id,
    )


def request_by_number(uow: UnitOfWork, *, number: int) -> uuid.UUID:
    """The id behind the number people say (A-12). Raises RequestNotFound."""
    found = uow.session.scalar(select(ApprovalRequest.id).where(ApprovalRequest.number == number, visible(uow)))
    if found is None:
        raise RequestNotFound("There is no such request in the entities you may see.", number=number)
    return found


def request_for(uow: UnitOfWork, *, kind: str, subject_id: uuid.UUID | str) -> RequestView | None:
    """The newest request about a subject, open or not; None when nobody ever asked."""
    found = uow.session.execute(
        select(ApprovalRequest, VOTES)
        .where(ApprovalRequest.kind == kind, ApprovalRequest.subject_id == str(subject_id), visible(uow))
        .order_by(ApprovalRequest.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return view_of(*found) if found else None


def standing(uow: UnitOfWork, *, kind: str, facts: Sequence[ApprovalFacts]) -> Standing:
    """The step that a request with these facts would fall under now, and which of them decides."""
    uow.actor.require(Permission.APPROVAL_READ)
    return weighed(policy_of(uow, kind).tiers, facts)


def policies(uow: UnitOfWork) -> list[PolicyView]:
    """The policy of every kind that holds now, by name."""
    uow.actor.require(Permission.APPROVAL_READ)
    waiting = {
        row.subject_id: row.id
        for row in uow.session.execute(
            select(ApprovalRequest.subject_id, ApprovalRequest.id).where(
                ApprovalRequest.kind == "approvals.policy", ApprovalRequest.state == RequestState.PENDING
            )
        )
    }
    return [
        dataclasses.replace(policy_of(uow, kind.name), open_request=waiting.get(kind.name)) for kind in declared_kinds()
    ]


def _filters(given: RequestFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if given.states:
        conditions.append(ApprovalRequest.state.in_([state.value for state in given.states]))
    if given.kind:
        conditions.append(ApprovalRequest.kind == given.kind)
    if given.since is not None:
        conditions.append(ApprovalRequest.requested_at >= given.since)
    if given.until is not None:
        conditions.append(ApprovalRequest.requested_at < given.until)
    wanted = given.text.strip().lower()
    if wanted:
        number = wanted.removeprefix("a-")
        columns: tuple[Any, ...] = (
            ApprovalRequest.title["en"].astext,
            ApprovalRequest.title["de"].astext,
            ApprovalRequest.requested_by_name,
        )
        matches = [func.strpos(func.lower(column), wanted) > 0 for column in columns]
        if number.isascii() and number.isdigit() and len(number) < 18:
            matches.append(ApprovalRequest.number == int(number))
        conditions.append(or_(*matches))
    return conditions


def _waits_for_reader(uow: UnitOfWork) -> ColumnElement[bool]:
    """Pending, in time, with an open seat that the reader may take by right or as a stand-in, and not their own."""
    actor = uow.actor
    if actor.kind is not ActorKind.USER or actor.id is None:
        return false()
    ways = [_open_seat(team, _reach(uow, actor.id, team)) for team in Team]
    for cover in covers(uow, actor.id):
        not_theirs = and_(ApprovalRequest.requested_by != cover.from_id, ~_has_voted(cover.from_id))
        ways += [and_(not_theirs, _open_seat(team, _reach(uow, cover.from_id, team))) for team in Team]
    return and_(
        ApprovalRequest.state == RequestState.PENDING,
        ApprovalRequest.expires_at > uow.clock.now(),
        ApprovalRequest.requested_by != actor.id,
        ~_has_voted(actor.id),
        or_(*ways),
    )


def _reach(uow: UnitOfWork, person: uuid.UUID, team: Team) -> ColumnElement[bool]:
    """The requests over whose entity the person decides for the team."""
    if person == uow.actor.id:
        if not uow.actor.may(TEAM_RIGHTS[team]):
            return false()
        scope = uow.actor.grants[TEAM_RIGHTS[team]]
        whole = ApprovalRequest.entity_id.is_(None) if scope.ids is None else false()
        return or_(whole, and_(ApprovalRequest.entity_id.is_not(None), scope.allows(ApprovalRequest.entity_id)))
    entities = [None, *(entity.id for entity in identity.legal_entities(uow))]
    held = [entity for entity in entities if person in {holder.id for holder in holders(uow, team, entity)}]
    whole = ApprovalRequest.entity_id.is_(None) if None in held else false()
    return or_(whole, ApprovalRequest.entity_id.in_([entity for entity in held if entity is not None]))


def _open_seat(team: Team, reach: ColumnElement[bool]) -> ColumnElement[bool]:
    vote = aliased(ApprovalVote)
    taken = exists().where(vote.request_id == ApprovalSeat.request_id, vote.seat == ApprovalSeat.seat)
    waiting = exists().where(ApprovalSeat.request_id == ApprovalRequest.id, ApprovalSeat.team == team.value, ~taken)
    return and_(reach, waiting)


def _has_voted(person: uuid.UUID) -> ColumnElement[bool]:
    return exists().where(
        ApprovalVote.request_id == ApprovalRequest.id,
        or_(ApprovalVote.voter_id == person, ApprovalVote.represented_id == person),
    )


def _seats(uow: UnitOfWork, row: ApprovalRequest, votes: list[ApprovalVote]) -> tuple[SeatView, ...]:
    taken = {vote.seat: vote for vote in votes if vote.seat is not None}
    spent = {row.requested_by} | {vote.voter_id for vote in votes} | {vote.represented_id for vote in votes}
    seats = uow.session.scalars(
        select(ApprovalSeat).where(ApprovalSeat.request_id == row.id).order_by(ApprovalSeat.seat)
    )
    waiting = row.state == RequestState.PENDING
    return tuple(
        SeatView(
            seat=seat.seat,
            team=Team(seat.team),
            vote=vote_view(taken[seat.seat]) if seat.seat in taken else None,
            may_take=_who_may_take(uow, row, Team(seat.team), spent) if waiting and seat.seat not in taken else (),
        )
        for seat in seats
    )


def _who_may_take(uow: UnitOfWork, row: ApprovalRequest, team: Team, spent: set[uuid.UUID]) -> tuple[str, ...]:
    people = {person.id: person.name for person in holders(uow, team, row.entity_id) if person.id not in spent}
    helpers = {helper for found in stand_ins(uow, set(people)).values() for helper in found} - spent - set(people)
    named = {contact.name for contact in identity.contacts(uow, user_ids=sorted(helpers))}
    return tuple(sorted({*people.values(), *named}))


def _free_authorities(uow: UnitOfWork, row: ApprovalRequest, votes: list[ApprovalVote]) -> list[Authority]:
    spent = {vote.voter_id for vote in votes} | {vote.represented_id for vote in votes}
    return [authority for authority in authorities(uow, row) if authority.person_id not in spent]


def _obstacle(
    uow: UnitOfWork,
    row: ApprovalRequest,
    votes: list[ApprovalVote],
    seats: tuple[SeatView, ...],
    own: list[Authority],
) -> str | None:
    """Why a vote of the reader would be refused, in the order the vote looks for it; None when it would not."""
    if row.state != RequestState.PENDING:
        return "closed"
    if row.expires_at <= uow.clock.now():
        return "expired"
    if uow.actor.id == row.requested_by:
        return "own_request"
    if any(uow.actor.id in (vote.voter_id, vote.represented_id) for vote in votes):
        return "already_voted"
    wanted = {seat.team for seat in seats if seat.vote is None}
    return None if wanted & {authority.team for authority in own} else "not_in_team"
