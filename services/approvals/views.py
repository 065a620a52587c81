"""What leaves approvals."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.approvals.vocabulary import ApprovalFacts, Box, Decision, Reached, RequestState, Standing, Team, Tier
from services.core.clock import day_bounds
from services.core.errors import Invalid
from services.core.money import Money
from services.core.words import Words

Value = str | int | Money | dt.date | dt.datetime | Words | None


@dataclass(frozen=True, slots=True)
class Line:
    """A fact with its name."""

    label: Words
    value: Value


@dataclass(frozen=True, slots=True)
class Change:
    """One thing before and after; None is absent."""

    label: Words
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Description:
    """Exactly what will happen: a title, figures, changes, and how (or whether) it can be taken back.

    `href` is the path of the console where the subject stands.
    """

    title: Words
    lines: tuple[Line, ...] = ()
    changes: tuple[Change, ...] = ()
    consequence: Words | None = None
    undo: Words | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as it stands. `requested_by` is NOBODY for what the console itself asks for.

    `amount` and `rows` decided over its step, and `reached` says which of them.
    """

    id: uuid.UUID
    number: int
    kind: str
    title: Words
    subject_type: str
    subject_id: str
    entity_id: uuid.UUID | None
    content: Mapping[str, Any]
    digest: str
    amount: Money | None
    rows: int | None
    reached: Reached
    requested_by: uuid.UUID
    requested_by_name: str
    requested_at: dt.datetime
    state: RequestState
    seats: int
    votes: int
    policy_version: int
    tier: Tier
    expires_at: dt.datetime
    ended_at: dt.datetime | None
    ended_by_name: str | None
    ended_reason: str | None
    superseded_by: uuid.UUID | None

    @property
    def standing(self) -> Standing:
        """The step it fell under, and what decided that."""
        money = self.amount
        facts = ApprovalFacts(money and money.minor, money and money.currency, self.rows)
        return Standing(self.tier, facts, self.reached)


@dataclass(frozen=True, slots=True)
class VoteView:
    voter_id: uuid.UUID
    voter_name: str
    represented_name: str | None
    team: Team
    decision: Decision
    reason: str | None
    cast_at: dt.datetime


@dataclass(frozen=True, slots=True)
class SeatView:
    """One agreement that the policy asks for; `vote` is None while it is missing, `may_take` names who could."""

    seat: int
    team: Team
    vote: VoteView | None
    may_take: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Authority:
    """For which team the reader may vote, and in whose place if not in their own."""

    team: Team
    person_id: uuid.UUID
    person_name: str
    delegation_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """Everything the page of one request shows. `obstacle` says why the reader cannot vote, None when they can."""

    request: RequestView
    description: Description
    seats: tuple[SeatView, ...]
    rejections: tuple[VoteView, ...]
    authorities: tuple[Authority, ...]
    obstacle: str | None
    may_withdraw: bool

    @property
    def may_vote(self) -> bool:
        return self.obstacle is None


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """What a reader looks for; `text` is a number (A-12) or part of a title or of a requester's name.

    `since` is inclusive, `until` exclusive.
    """

    box: Box = Box.ALL
    states: tuple[RequestState, ...] = ()
    kind: str | None = None
    text: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    @classmethod
    def from_address(cls, query: Mapping[str, str], time_zone: str, *, box: Box = Box.WAITING) -> RequestFilter:
        """The filter in a page's address; its days (`from`, `to`, both included) are days in `time_zone`.

        Raises Invalid for a state, a box or a day that is none.
        """
        try:
            first, last = (dt.date.fromisoformat(query[name]) if query.get(name) else None for name in ("from", "to"))
            return cls(
                box=Box(query["box"]) if query.get("box") else box,
                states=(RequestState(query["state"]),) if query.get("state") else (),
                kind=query.get("kind") or None,
                text=query.get("q", ""),
                since=day_bounds(first, time_zone)[0] if first else None,
                until=day_bounds(last, time_zone)[1] if last else None,
            )
        except (ValueError, OverflowError):
            raise Invalid("This address does not hold a filter of requests; start again without it.") from None


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Requests newest first, with the cursors of the neighbouring pages."""

    requests: tuple[RequestView, ...]
    newer: uuid.UUID | None
    older: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class PolicyView:
    """The rule of one kind that holds now; version 0 is what the code came with."""

    kind: str
    title: Words
    version: int
    tiers: tuple[Tier, ...]
    changed_at: dt.datetime | None
    changed_by_name: str | None
    open_request: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class DelegationView:
    """Somebody's votes in another's hands, from the first to the last of these days (UTC), both included."""

    id: uuid.UUID
    from_id: uuid.UUID
    from_name: str
    to_id: uuid.UUID
    to_name: str
    starts_on: dt.date
    ends_on: dt.date
    reason: str
    revoked_at: dt.datetime | None
    active: bool
