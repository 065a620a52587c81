"""Asking, agreeing, rejecting, taking back, using: the life of a request."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select

from services import audit
from services.approvals import events as names
from services.approvals import letters
from services.approvals.authority import authorities, open_seats
from services.approvals.errors import (
    AlreadyVoted,
    ContentChanged,
    NotApproved,
    NotInTeam,
    OwnRequest,
    ReasonNeeded,
    RequestClosed,
    StaleDigest,
)
from services.approvals.kinds import kind_named
from services.approvals.models import ApprovalConsumption, ApprovalRequest, ApprovalSeat, ApprovalVote
from services.approvals.policy import OPEN_STATES, REASON_LENGTH, digest_of, may_step, seats_of, weighed
from services.approvals.reading import current_view, facts_json, locked, policy_of, view_of, votes_of
from services.approvals.views import Authority, RequestView
from services.approvals.vocabulary import NOBODY, ApprovalFacts, Decision, Requester, RequestState, Team
from services.core import events
from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from services.core.locks import take_turn

_WHY_CLOSED = {
    RequestState.APPROVED: "Everybody who had to agree has agreed already.",
    RequestState.CONSUMED: "What was asked for has been done already.",
    RequestState.REJECTED: "The request was rejected already.",
    RequestState.WITHDRAWN: "The request was withdrawn.",
    RequestState.EXPIRED: "The time for this request is over.",
    RequestState.SUPERSEDED: "A newer request has taken its place; look at that one.",
}


def request(
    uow: UnitOfWork,
    *,
    kind: str,
    subject_type: str,
    subject_id: uuid.UUID | str,
    entity_id: uuid.UUID | None,
    content: Mapping[str, Any],
    facts: ApprovalFacts | Sequence[ApprovalFacts] | None = None,
    requested_by: Requester | None = None,
) -> RequestView:
    """Asks for the agreement that the kind's policy wants, in the caller's transaction.

    `content` is all that will be done, in canonical JSON values; every vote is bound to its digest. The requester
    is the actor unless the console asks for somebody (`requested_by`). A subject has one open request: asking for
    the same again returns it, asking for something else supersedes it. The caller has checked the right to ask.
    Of several `facts` (an amount in each currency) the one that asks for most decides, and stands on the request.
    """
    declared, subject = kind_named(kind), str(subject_id)
    digest = digest_of(kind=kind, subject_type=subject_type, subject_id=subject, entity_id=entity_id, content=content)
    _one_at_a_time(uow, kind, subject_type, subject)
    former = _open_one(uow, kind, subject_type, subject)
    if former is not None and former.digest == digest and former.expires_at > uow.clock.now():
        return current_view(uow, former)
    if former is not None:
        _end(uow, former, RequestState.SUPERSEDED, names.SUPERSEDED, "superseded")
    who = requested_by or Requester(uow.actor.id or NOBODY, uow.actor.name)
    row = ApprovalRequest(
        kind=kind,
        title={"en": "", "de": ""},
        subject_type=subject_type,
        subject_id=subject,
        entity_id=entity_id,
        content=dict(content),
        digest=digest,
        requested_by=who.id,
        requested_by_name=who.name,
        requested_at=uow.clock.now(),
        state=RequestState.PENDING.value,
    )
    _open_under_policy(uow, row, [facts] if isinstance(facts, ApprovalFacts) else facts or [])
    if former is not None:
        former.superseded_by = row.id
    title = declared.describe(uow, view_of(row, 0)).title
    row.title = {"en": title.en, "de": title.de}
    uow.session.flush()
    _tell(uow, row, "created", names.REQUESTED)
    letters.on_request(uow, row)
    return view_of(row, 0)


def _open_under_policy(uow: UnitOfWork, row: ApprovalRequest, candidates: Sequence[ApprovalFacts]) -> None:
    """Stores the request with the step of its policy that these facts reach, and the seats it asks for."""
    policy = policy_of(uow, row.kind)
    standing = weighed(policy.tiers, candidates)
    tier, facts = standing.tier, standing.facts
    row.amount_minor, row.currency, row.affected_rows = facts.amount_minor, facts.currency, facts.rows
    row.seats, row.policy_version, row.tier = len(seats_of(tier)), policy.version, tier.model_dump(mode="json")
    row.expires_at = row.requested_at + dt.timedelta(hours=tier.expires_hours)
    uow.session.add(row)
    uow.session.flush()
    _lay_seats(uow, row, seats_of(tier))


def vote(
    uow: UnitOfWork,
    *,
    request_id: uuid.UUID,
    digest: str,
    decision: Decision,
    reason: str | None = None,
    team: Team | None = None,
) -> RequestView:
    """Agrees to exactly what `digest` stands for, or rejects it with a reason of at least eight characters.

    The last agreement that was missing approves the request; whoever subscribed acts in this transaction. Raises
    RequestClosed, StaleDigest, OwnRequest, AlreadyVoted, NotInTeam, ReasonNeeded, StepUpRequired. `team` chooses
    for somebody who is in several; else the first open seat they may take is theirs.
    """
    row = locked(uow, request_id)
    _require_open(uow, row)
    if digest != row.digest:
        raise StaleDigest("The request changed after you looked at it. Look again, then decide.")
    authority, seat = _seat_for(uow, row, Decision(decision), team)
    if decision is Decision.REJECT and len((reason or "").strip()) < REASON_LENGTH:
        raise ReasonNeeded(f"Say in at least {REASON_LENGTH} characters why it should not happen.")
    uow.actor.require_fresh_proof(uow.clock.now())
    _cast(uow, row, authority, seat, reason)
    _tell(uow, row, "rejected" if seat is None else "agreed", names.VOTED, reason=reason, team=authority.team.value)
    if seat is None:
        _end(uow, row, RequestState.REJECTED, names.REJECTED, None, reason=reason)
    elif len(open_seats(uow, row.id)) == 0:
        row.state = RequestState.APPROVED.value
        uow.session.flush()
        _tell(uow, row, "approved", names.APPROVED)
    uow.session.refresh(row)
    letters.on_vote(uow, row, decision, reason)
    return current_view(uow, row)


def withdraw(uow: UnitOfWork, *, request_id: uuid.UUID, reason: str | None = None) -> RequestView:
    """Takes one's own request back, also one that is agreed to but not yet used. Raises RequestClosed, Forbidden."""
    row = locked(uow, request_id)
    if row.requested_by != (uow.actor.id or NOBODY):
        raise Forbidden("Only who asked for it can withdraw it; you may reject it instead.")
    if not may_step(RequestState(row.state), RequestState.WITHDRAWN):
        raise RequestClosed(_WHY_CLOSED[RequestState(row.state)], state=row.state)
    _end(uow, row, RequestState.WITHDRAWN, names.WITHDRAWN, "withdrawn", reason=reason)
    letters.on_end(uow, row)
    return current_view(uow, row)


def void(uow: UnitOfWork, *, request_id: uuid.UUID, reason: str) -> None:
    """Ends an open request that can no longer come true, whoever asked; one that has ended stays as it is.

    For the domain that made it, which has checked the right to change what was asked for.
    """
    row = locked(uow, request_id)
    if may_step(RequestState(row.state), RequestState.WITHDRAWN):
        _end(uow, row, RequestState.WITHDRAWN, names.WITHDRAWN, "withdrawn", reason=reason)
        letters.on_end(uow, row)


def consume(uow: UnitOfWork, *, request_id: uuid.UUID, content: Mapping[str, Any]) -> None:
    """Uses an approval up, in the transaction that does what was approved; only once, only in time, only exactly.

    `content` is what is about to be done, computed anew by the caller. Raises NotApproved (also when it was used
    already or its time is over) and ContentChanged.
    """
    row = locked(uow, request_id)
    if row.state != RequestState.APPROVED:
        why = _WHY_CLOSED.get(RequestState(row.state), "Not everybody who has to agree has agreed yet.")
        raise NotApproved(why, state=row.state)
    if row.expires_at <= uow.clock.now():
        raise NotApproved(_WHY_CLOSED[RequestState.EXPIRED], state=RequestState.EXPIRED.value)
    digest = digest_of(
        kind=row.kind,
        subject_type=row.subject_type,
        subject_id=row.subject_id,
        entity_id=row.entity_id,
        content=content,
    )
    if digest != row.digest:
        raise ContentChanged("What would be done now is not what was agreed to. Ask for it again.")
    uow.session.add(
        ApprovalConsumption(
            request_id=row.id,
            digest=row.digest,
            requested_by=row.requested_by,
            seats=row.seats,
            expires_at=row.expires_at,
            consumed_at=uow.clock.now(),
            consumed_by=uow.actor.id,
            consumed_by_name=uow.actor.name,
        )
    )
    uow.session.flush()
    _end(uow, row, RequestState.CONSUMED, names.CONSUMED, "consumed")


def sign_at_once(
    uow: UnitOfWork,
    *,
    kind: str,
    subject_type: str,
    subject_id: uuid.UUID | str,
    entity_id: uuid.UUID | None,
    content: Mapping[str, Any],
    facts: ApprovalFacts | None = None,
    requested_by: Requester,
    reason: str | None = None,
) -> RequestView:
    """One click of a second person: the request (made, or found open), the actor's vote, and its use.

    Everything happens in the caller's transaction. The view says how far it came: CONSUMED means that the work is
    to be done now; PENDING that the policy wants further people, whose clicks come here as well. Raises what `vote`
    raises.
    """
    asked = request(
        uow,
        kind=kind,
        subject_type=subject_type,
        subject_id=subject_id,
        entity_id=entity_id,
        content=content,
        facts=facts,
        requested_by=requested_by,
    )
    if asked.state is RequestState.PENDING:
        asked = vote(uow, request_id=asked.id, digest=asked.digest, decision=Decision.APPROVE, reason=reason)
    if asked.state is RequestState.APPROVED:
        consume(uow, request_id=asked.id, content=content)
        asked = current_view(uow, locked(uow, asked.id))
    return asked


def expire(uow: UnitOfWork, row: ApprovalRequest) -> None:
    """Ends a request whose time is over; `row` is locked."""
    _end(uow, row, RequestState.EXPIRED, names.EXPIRED, "expired")
    letters.on_end(uow, row)


def _one_at_a_time(uow: UnitOfWork, *subject: str) -> None:
    take_turn(uow.session, "approvals/" + "/".join(subject))


def _open_one(uow: UnitOfWork, kind: str, subject_type: str, subject_id: str) -> ApprovalRequest | None:
    return uow.session.scalar(
        select(ApprovalRequest)
        .where(
            ApprovalRequest.kind == kind,
            ApprovalRequest.subject_type == subject_type,
            ApprovalRequest.subject_id == subject_id,
            ApprovalRequest.state.in_([state.value for state in OPEN_STATES]),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _lay_seats(uow: UnitOfWork, row: ApprovalRequest, teams: list[Team]) -> None:
    for number, team in enumerate(teams, start=1):
        uow.session.add(ApprovalSeat(request_id=row.id, seat=number, seats=row.seats, team=team.value))
    uow.session.flush()


def _require_open(uow: UnitOfWork, row: ApprovalRequest) -> None:
    state = RequestState(row.state)
    if state is RequestState.PENDING and row.expires_at <= uow.clock.now():
        state = RequestState.EXPIRED
    if state is not RequestState.PENDING:
        raise RequestClosed(_WHY_CLOSED[state], state=state.value)


def _seat_for(
    uow: UnitOfWork, row: ApprovalRequest, decision: Decision, team: Team | None
) -> tuple[Authority, ApprovalSeat | None]:
    """The seat this vote takes, None for a rejection; refuses whoever may not vote."""
    if uow.actor.id is not None and uow.actor.id == row.requested_by:
        raise OwnRequest("You asked for this yourself, so somebody else has to decide.")
    cast = votes_of(uow, row.id)
    if any(uow.actor.id in (vote.voter_id, vote.represented_id) for vote in cast):
        raise AlreadyVoted("You have voted on this already, or somebody has in your place.")
    spoken_for = {vote.represented_id for vote in cast} | {vote.voter_id for vote in cast}
    may = [
        authority
        for authority in authorities(uow, row)
        if authority.person_id not in spoken_for and team in (None, authority.team)
    ]
    if decision is Decision.REJECT:
        asked = {seat.team for seat in _seats(uow, row.id)}
        found = next((authority for authority in may if authority.team.value in asked), None)
        if found is not None:
            return found, None
    for seat in open_seats(uow, row.id) if decision is Decision.APPROVE else ():
        for authority in may:
            if authority.team.value == seat.team:
                return authority, seat
    raise NotInTeam("The policy asks for people of another team, or nobody of yours is needed any more.")


def _seats(uow: UnitOfWork, request_id: uuid.UUID) -> list[ApprovalSeat]:
    return list(uow.session.scalars(select(ApprovalSeat).where(ApprovalSeat.request_id == request_id)))


def _cast(
    uow: UnitOfWork, row: ApprovalRequest, authority: Authority, seat: ApprovalSeat | None, reason: str | None
) -> None:
    taken = sum(vote.ordinal is not None for vote in votes_of(uow, row.id))
    uow.session.add(
        ApprovalVote(
            request_id=row.id,
            digest=row.digest,
            requested_by=row.requested_by,
            seats=row.seats,
            expires_at=row.expires_at,
            voter_id=uow.actor.id,
            voter_name=uow.actor.name,
            represented_id=authority.person_id,
            represented_name=authority.person_name,
            delegation_id=authority.delegation_id,
            team=authority.team.value,
            decision=(Decision.APPROVE if seat else Decision.REJECT).value,
            seat=seat.seat if seat else None,
            ordinal=taken + 1 if seat else None,
            reason=(reason or "").strip() or None,
            cast_at=uow.clock.now(),
        )
    )
    uow.session.flush()


def _end(
    uow: UnitOfWork,
    row: ApprovalRequest,
    state: RequestState,
    event: str,
    verb: str | None,
    *,
    reason: str | None = None,
) -> None:
    if not may_step(RequestState(row.state), state):
        raise RequestClosed(_WHY_CLOSED.get(RequestState(row.state), "The request is still waiting."), state=row.state)
    row.state, row.ended_at = state.value, uow.clock.now()
    row.ended_by_name, row.ended_reason = uow.actor.name, (reason or "").strip()[:2000] or None
    uow.session.flush()
    _tell(uow, row, verb, event, reason=row.ended_reason)


def _tell(
    uow: UnitOfWork, row: ApprovalRequest, verb: str | None, event: str, *, reason: str | None = None, **more: str
) -> None:
    """The audit entry (unless another one says it already) and the event, whose handlers run here."""
    facts = facts_json(row) | more
    if verb is not None:
        audit.record(
            uow,
            action=f"approvals.request.{verb}",
            subject_type="approval_request",
            subject_id=row.id,
            entity_id=row.entity_id,
            after=facts,
            reason=reason,
        )
    events.emit(uow, events.DomainEvent(event, "approval_request", str(row.id), row.entity_id, facts))
