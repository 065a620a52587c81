"""Reading breaks: the queue, one run's list, sums by class and age."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, func, literal, literal_column, not_, or_, select

from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission
from services.reconciliation.ages import AGE_BANDS, Ages
from services.reconciliation.break_filter import BreakFilter, Cause
from services.reconciliation.errors import BreakNotFound
from services.reconciliation.models import Break
from services.reconciliation.severity import Thresholds
from services.reconciliation.views import AgeBand, BreakPage, BreakSums, BreakView, ClassSum, RunView
from services.reconciliation.vocabulary import AgeBandName, BreakClass, BreakState, Definition, SeverityLevel

_SORTS: dict[str, Any] = {
    "number": Break.number,
    "delta": func.abs(Break.delta_minor),
    "age": Break.booked_on,
    "class": Break.break_class,
    "key": Break.subject_key,
}
ROUNDING = 5
"""Minor units up to which a difference is one of rounding."""
_BANDS = dict(zip(AgeBandName, AGE_BANDS, strict=True))


def list_breaks(
    uow: UnitOfWork,
    *,
    filter: BreakFilter,
    sort: str = "delta",
    descending: bool = True,
    limit: int = 50,
    offset: int = 0,
) -> BreakPage:
    """One page of breaks in the actor's entities. `sort` is one of number, delta, age, class, key, severity.

    Sorting by age puts the oldest first when descending; one severity's breaks stand by their amount. Raises Invalid
    for another sort.
    """
    return _page(uow, filter, _Looking.now(uow), _Cut(sort, descending, limit, offset))


def breaks_of_run(
    uow: UnitOfWork, *, run: RunView, filter: BreakFilter, sort: str, descending: bool, limit: int, offset: int
) -> tuple[BreakSums, BreakPage]:
    """The sums of what a run had found and nobody has resolved, and one page of all it had found.

    `filter` narrows the page alone. Asked together, since without it what was summed up is what the page counts.
    """
    looking = _Looking.now(uow)
    here = BreakFilter(entity_id=run.entity_id, definition=run.definition, seq=run.seq)
    narrowed = replace(filter, entity_id=run.entity_id, definition=run.definition, seq=run.seq)
    sums, total = _sums(uow, here, looking, resolved=Break.state == BreakState.RESOLVED)
    cut = _Cut(sort, descending, limit, offset)
    return sums, _page(uow, narrowed, looking, cut, total if narrowed == here else None)


@dataclass(frozen=True, slots=True)
class _Cut:
    """Which page of a list, in which order."""

    sort: str
    descending: bool
    limit: int
    offset: int

    def orders(self, looking: _Looking) -> list[Any]:
        if self.sort not in _SORTS and self.sort != "severity":
            names = ", ".join(_SORTS)
            raise Invalid(f"Breaks cannot be sorted by “{self.sort}”; choose one of {names}, severity.")
        orders = [_SORTS[self.sort]] if self.sort in _SORTS else [looking.rank, _SORTS["delta"]]
        backwards = self.descending != (self.sort == "age")
        return [order.desc() if backwards else order.asc() for order in orders]


def _page(uow: UnitOfWork, wanted: BreakFilter, looking: _Looking, cut: _Cut, total: int | None = None) -> BreakPage:
    statement = _matching(uow, wanted, looking)
    # Sorted by number and what orders them alone: a page far down would sort whole rows otherwise.
    chosen = statement.with_only_columns(Break.number).order_by(*cut.orders(looking), Break.number.desc())
    numbers = list(uow.session.scalars(chosen.limit(cut.limit).offset(cut.offset)))
    if total is None:
        total = uow.session.scalar(statement.with_only_columns(func.count(Break.number))) or 0
    found = {row.number: row for row in uow.session.scalars(select(Break).where(Break.number.in_(numbers)))}
    return BreakPage(tuple(looking.view(found[number]) for number in numbers), total, cut.offset)


def stream_breaks(uow: UnitOfWork, *, filter: BreakFilter) -> Iterator[BreakView]:
    """Every break that matches, by number, without holding them all in memory; for exports."""
    looking = _Looking.now(uow)
    statement = _matching(uow, filter, looking).order_by(Break.number).execution_options(yield_per=500)
    for row in uow.session.scalars(statement):
        yield looking.view(row)


def break_by_number(uow: UnitOfWork, *, number: int) -> BreakView:
    """Raises BreakNotFound when there is none in the actor's entities."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    row = uow.session.scalar(select(Break).where(Break.number == number, scope.allows(Break.entity_id)))
    if row is None:
        raise BreakNotFound(f"There is no break B-{number} in the entities you may see.", number=number)
    return _Looking.now(uow).view(row)


def breaks_of_keys(uow: UnitOfWork, *, entity_id: uuid.UUID, keys: Sequence[str]) -> list[BreakView]:
    """Every break there ever was about these keys in one entity of the actor, by number."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    rows = uow.session.scalars(
        select(Break)
        .where(scope.allows(Break.entity_id), Break.entity_id == entity_id)
        .where(Break.subject_key.in_(keys))
        .order_by(Break.number)
    )
    looking = _Looking.now(uow)
    return [looking.view(row) for row in rows]


def sum_breaks(uow: UnitOfWork, *, filter: BreakFilter) -> BreakSums:
    """How many breaks match by class, age and severity, and their sums by class and currency."""
    return _sums(uow, filter, _Looking.now(uow))[0]


def _sums(
    uow: UnitOfWork, wanted: BreakFilter, looking: _Looking, resolved: ColumnElement[bool] | None = None
) -> tuple[BreakSums, int]:
    """The sums without those that are `resolved`, and how many match with them."""
    c = _folded(uow, wanted, looking, literal(False) if resolved is None else resolved).c
    bands = [looking.ages.within(c.entity_id, c.booked_on, low, high) for low, high in AGE_BANDS]
    levels = [not_(c.notable), and_(c.notable, not_(c.severe)), c.severe]
    grouped = uow.session.execute(
        select(
            c.break_class,
            c.currency,
            c.resolved,
            func.sum(c["items"]).label("entries"),
            func.sum(c.minor).label("minor"),
            *(func.coalesce(func.sum(c["items"]).filter(condition), 0) for condition in (*bands, *levels)),
        )
        .group_by(c.break_class, c.currency, c.resolved)
        .order_by(func.sum(c["items"]).desc(), c.break_class, c.currency)
    ).all()
    standing = [row for row in grouped if not row.resolved]
    classes = tuple(
        ClassSum(BreakClass(row.break_class), row.currency, int(row.entries), int(row.minor)) for row in standing
    )
    counts = [int(sum(column)) for column in zip(*(row[5:] for row in standing), strict=True)]
    counts = counts or [0] * len((*bands, *levels))
    ages = tuple(AgeBand(low, high, n) for (low, high), n in zip(AGE_BANDS, counts, strict=False))
    severities = dict(zip(SeverityLevel, counts[len(AGE_BANDS) :], strict=True))
    return BreakSums(classes, ages, severities), int(sum(row.entries for row in grouped))


def _folded(uow: UnitOfWork, wanted: BreakFilter, looking: _Looking, resolved: ColumnElement[bool]) -> Subquery:
    """Breaks by day first: so that ages are asked of a few days alone.

    By two conditions rather than a severity's rank, since only of conditions the planner knows that they make few
    groups, which its workers can then fold each for itself.
    """
    of = (Break.entity_id, Break.booked_on, Break.break_class, Break.currency)
    notable, severe = looking.amounts.reached(Break.delta_minor, Break.currency)
    sums = (func.count().label("items"), func.sum(Break.delta_minor).label("minor"))
    severities = (notable.label("notable"), severe.label("severe"))
    statement = _matching(uow, wanted, looking).with_only_columns(*of, *severities, resolved.label("resolved"), *sums)
    grouped = (*of, *map(literal_column, ("notable", "severe", "resolved")))
    return statement.group_by(*grouped).subquery()


@dataclass(frozen=True, slots=True)
class _Looking:
    """What a reader's look at breaks needs besides their rows: today in each entity, and the severe amounts."""

    ages: Ages
    amounts: Thresholds

    @classmethod
    def now(cls, uow: UnitOfWork) -> _Looking:
        return cls(Ages.of_reader(uow), Thresholds.now(uow))

    @property
    def rank(self) -> ColumnElement[int]:
        return self.amounts.rank(Break.delta_minor, Break.currency)

    def view(self, row: Break) -> BreakView:
        plain = {name: getattr(row, name) for name in _PLAIN}
        return BreakView(
            **plain,
            definition=Definition(row.definition),
            break_class=BreakClass(row.break_class),
            state=BreakState(row.state),
            age=self.ages.of(row.entity_id, row.booked_on),
            severity=self.amounts.of(row.delta_minor, row.currency),
        )


def _matching(uow: UnitOfWork, wanted: BreakFilter, looking: _Looking) -> Select[Any]:
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    statement = select(Break).where(scope.allows(Break.entity_id))
    if wanted.entity_id is not None:
        statement = statement.where(Break.entity_id == wanted.entity_id)
    if wanted.definition is not None:
        statement = statement.where(Break.definition == wanted.definition)
    if wanted.classes:
        statement = statement.where(Break.break_class.in_([str(name) for name in wanted.classes]))
    if wanted.states:
        statement = statement.where(Break.state.in_([str(state) for state in wanted.states]))
    if wanted.assigned_to is not None:
        statement = statement.where(Break.assigned_to == wanted.assigned_to)
    if wanted.seq is not None:
        statement = statement.where(
            Break.first_seq <= wanted.seq, or_(Break.closed_seq.is_(None), Break.closed_seq > wanted.seq)
        )
    if wanted.text:
        statement = statement.where(_mentions(wanted.text.strip()))
    return statement.where(*_narrower(wanted, looking))


def _narrower(wanted: BreakFilter, looking: _Looking) -> Iterator[ColumnElement[bool]]:
    """By age, amount, currency, day, and whether somebody has it."""
    if wanted.ages:
        bands = [_BANDS[name] for name in wanted.ages]
        yield or_(*(looking.ages.within(Break.entity_id, Break.booked_on, low, high) for low, high in bands))
    if wanted.severities:
        yield looking.amounts.is_level(Break.delta_minor, Break.currency, wanted.severities)
    if wanted.currency:
        yield Break.currency == wanted.currency
    if wanted.first_day:
        yield Break.booked_on >= wanted.first_day
    if wanted.last_day:
        yield Break.booked_on <= wanted.last_day
    if wanted.nobody:
        yield Break.assigned_to.is_(None)
    if wanted.cause:
        yield _shares(wanted.cause)


def _shares(cause: Cause) -> ColumnElement[bool]:
    """The condition that a break is one of a recurring cause, as `recurring_causes` groups them."""
    match cause.pattern:
        case "rounding":
            return func.abs(Break.delta_minor) <= ROUNDING
        case "same_difference":
            return Break.delta_minor == int(cause.value)
        case "states":
            return (Break.left_value + literal(" / ") + Break.right_value) == cause.value
        case _:
            return Break.booked_on == dt.date.fromisoformat(cause.value)


def _mentions(words: str) -> ColumnElement[bool]:
    digits = words.upper().removeprefix("B-")
    conditions = [Break.left_key.contains(words, autoescape=True), Break.right_key.contains(words, autoescape=True)]
    if digits.isdigit():
        conditions.append(Break.number == int(digits))
    return or_(*conditions)


_COMPUTED = frozenset({"definition", "break_class", "state", "age", "severity"})
_PLAIN = tuple(name for name in BreakView.__dataclass_fields__ if name not in _COMPUTED)
