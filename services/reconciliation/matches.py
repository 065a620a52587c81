"""Reading match groups: what rules and people put together beyond the plain key, and what they leave."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.core.permissions import Permission
from services.reconciliation.models import Entry
from services.reconciliation.models_match import Match, MatchMember
from services.reconciliation.models_rules import Decision
from services.reconciliation.vocabulary import Definition


@dataclass(frozen=True, slots=True)
class MatchFilter:
    """What a reader looks for among matches; None means anything. `text` is looked for in the members' keys."""

    entity_id: uuid.UUID | None = None
    definition: Definition | None = None
    rule: str | None = None
    text: str | None = None
    unsure: bool = False

    @classmethod
    def from_address(cls, query: Mapping[str, str]) -> MatchFilter:
        """entity, definition, rule, q, sure (`low` for less than 90 %). Raises Invalid for a value that is none."""
        try:
            return cls(
                entity_id=uuid.UUID(query["entity"]) if query.get("entity") else None,
                definition=Definition(query["definition"]) if query.get("definition") else None,
                rule=query.get("rule") or None,
                text=query.get("q") or None,
                unsure=query.get("sure") == "low",
            )
        except ValueError as error:
            raise Invalid(f"A filter of this address cannot be used: {error}.") from error


@dataclass(frozen=True, slots=True)
class MatchMemberView:
    """One entry of a match; `allocated_minor` is the part of it that this match uses, None for all of it."""

    side: str
    key: str
    occurrence: int
    amount_minor: int
    currency: str
    allocated_minor: int | None
    booked_on: dt.date | None


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A match: its rule, how sure (percent), why, who came second, and what it leaves by currency in minor units."""

    id: int
    entity_id: uuid.UUID
    definition: Definition
    rule: str
    confidence: int
    why: str
    runner_up: str | None
    left: int
    right: int
    residuals: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class MatchSheet:
    """A match with its members; `stands` is false for one that later runs took apart."""

    row: MatchRow
    members: tuple[MatchMemberView, ...]
    stands: bool


@dataclass(frozen=True, slots=True)
class MatchPage:
    """Matches with the newest first; `older` goes on below."""

    rows: tuple[MatchRow, ...]
    older: int | None


@dataclass(frozen=True, slots=True)
class DecisionView:
    """What a person said about entries, and whether it still holds."""

    id: uuid.UUID
    entity_id: uuid.UUID
    definition: Definition
    kind: str
    keys: tuple[str, ...]
    residuals: Mapping[str, int]
    reason: str
    made_by_name: str
    made_at: dt.datetime
    withdrawn_at: dt.datetime | None
    withdrawn_by_name: str | None
    withdrawn_reason: str | None


def match_page(uow: UnitOfWork, *, filter: MatchFilter, before: int | None = None, limit: int = 50) -> MatchPage:
    """Standing matches of the actor's entities, the newest first; `before` is the last id of the page above."""
    wanted = _standing(uow, filter)
    if before is not None:
        wanted = wanted.where(Match.id < before)
    found = list(uow.session.scalars(wanted.order_by(Match.id.desc()).limit(limit + 1)))
    shown = found[:limit]
    sums = _sums(uow, [row.id for row in shown])
    rows = tuple(_row(row, sums.get(row.id, [])) for row in shown)
    return MatchPage(rows, shown[-1].id if len(found) > limit else None)


def match_rules(uow: UnitOfWork, *, filter: MatchFilter) -> dict[str, int]:
    """How many standing matches each rule has made."""
    found = _standing(uow, filter).subquery()
    rows = uow.session.execute(select(found.c.rule, func.count()).group_by(found.c.rule).order_by(found.c.rule))
    return {rule: int(count) for rule, count in rows}


def match_sheet(uow: UnitOfWork, *, match_id: int) -> MatchSheet:
    """One match with its members, also one that no longer stands. Raises NotFound outside the actor's entities."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    row = uow.session.scalar(select(Match).where(Match.id == match_id, scope.allows(Match.entity_id)))
    if row is None:
        raise NotFound("There is no such match in the entities you may see.")
    statement = (
        select(MatchMember, Entry.booked_on)
        .outerjoin(
            Entry,
            and_(
                Entry.source_id == MatchMember.source_id,
                Entry.ext_key == MatchMember.ext_key,
                Entry.occurrence == MatchMember.occurrence,
            ),
        )
        .where(MatchMember.match_id == match_id)
        .order_by(MatchMember.side, MatchMember.ext_key)
    )
    members = tuple(
        MatchMemberView(m.side, m.ext_key, m.occurrence, m.amount_minor, m.currency, m.allocated_minor, day)
        for m, day in uow.session.execute(statement)
    )
    return MatchSheet(_row(row, _sums(uow, [match_id]).get(match_id, [])), members, row.closed_seq is None)


def decisions(uow: UnitOfWork, *, limit: int = 50, offset: int = 0) -> list[DecisionView]:
    """What people decided about matches, the newest first; withdrawn ones among them."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    rows = uow.session.scalars(
        select(Decision)
        .where(scope.allows(Decision.entity_id))
        .order_by(Decision.made_at.desc(), Decision.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [
        DecisionView(
            row.id,
            row.entity_id,
            Definition(row.definition),
            row.kind,
            tuple(member["key"] for member in row.members),
            {name: left for name, left in row.residuals.items() if isinstance(left, int) and left},
            row.reason,
            row.made_by_name,
            row.made_at,
            row.withdrawn_at,
            row.withdrawn_by_name,
            row.withdrawn_reason,
        )
        for row in rows
    ]


def _standing(uow: UnitOfWork, wanted: MatchFilter) -> Select[Match]:
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    conditions: list[ColumnElement[bool]] = [scope.allows(Match.entity_id), Match.closed_seq.is_(None)]
    if wanted.entity_id is not None:
        conditions.append(Match.entity_id == wanted.entity_id)
    if wanted.definition is not None:
        conditions.append(Match.definition == wanted.definition.value)
    if wanted.rule is not None:
        conditions.append(Match.rule == wanted.rule)
    if wanted.unsure:
        conditions.append(Match.confidence_percent < 90)
    if wanted.text:
        of_match = MatchMember.match_id == Match.id
        conditions.append(exists().where(of_match, MatchMember.ext_key.contains(wanted.text.strip(), autoescape=True)))
    return select(Match).where(*conditions)


def _sums(uow: UnitOfWork, ids: list[int]) -> dict[int, list[Any]]:
    """Per match and currency: entries of each side, and left less right."""
    used = func.coalesce(MatchMember.allocated_minor, MatchMember.amount_minor)
    left = MatchMember.side == "left"
    rows = uow.session.execute(
        select(
            MatchMember.match_id,
            MatchMember.currency,
            func.count().filter(left),
            func.count().filter(~left),
            func.coalesce(func.sum(used).filter(left), 0) - func.coalesce(func.sum(used).filter(~left), 0),
        )
        .where(MatchMember.match_id.in_(ids))
        .group_by(MatchMember.match_id, MatchMember.currency)
    )
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _row(row: Match, sums: list[Any]) -> MatchRow:
    return MatchRow(
        row.id,
        row.entity_id,
        Definition(row.definition),
        row.rule,
        row.confidence_percent,
        row.why,
        row.runner_up,
        sum(one[2] for one in sums),
        sum(one[3] for one in sums),
        {one[1]: int(one[4]) for one in sums if one[4]},
    )
