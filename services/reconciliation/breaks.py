"""Reading breaks: the queue, one run's list, sums by class and age."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission
from services.reconciliation.errors import BreakNotFound
from services.reconciliation.models import Break
from services.reconciliation.policy import business_day_before, business_days_between
from services.reconciliation.views import AgeBand, BreakFilter, BreakPage, BreakSums, BreakView, ClassSum
from services.reconciliation.vocabulary import BreakClass, BreakState, Definition

_SORTS: dict[str, Any] = {
    "number": Break.number,
    "delta": func.abs(Break.delta_minor),
    "age": Break.booked_on,
    "class": Break.break_class,
    "key": Break.subject_key,
}
AGE_BANDS = ((0, 3), (4, 7), (8, None))
"""Ages in business days, both ends inclusive."""


def list_breaks(
    uow: UnitOfWork,
    *,
    filter: BreakFilter,
    sort: str = "delta",
    descending: bool = True,
    limit: int = 50,
    offset: int = 0,
) -> BreakPage:
    """One page of breaks in the actor's entities. `sort` is one of number, delta, age, class, key.

    Sorting by age puts the oldest first when descending. Raises Invalid for another sort.
    """
    if sort not in _SORTS:
        raise Invalid(f"Breaks cannot be sorted by “{sort}”; choose one of {', '.join(_SORTS)}.")
    statement = _matching(uow, filter)
    order = _SORTS[sort]
    backwards = descending != (sort == "age")
    statement_page = (
        statement.order_by(order.desc() if backwards else order.asc(), Break.number.desc()).limit(limit).offset(offset)
    )
    total = uow.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    today = _today(uow)
    rows = tuple(_view(row, today) for row in uow.session.scalars(statement_page))
    return BreakPage(rows, total, offset)


def stream_breaks(uow: UnitOfWork, *, filter: BreakFilter) -> Iterator[BreakView]:
    """Every break that matches, by number, without holding them all in memory; for exports."""
    today = _today(uow)
    statement = _matching(uow, filter).order_by(Break.number).execution_options(yield_per=500)
    for row in uow.session.scalars(statement):
        yield _view(row, today)


def break_by_number(uow: UnitOfWork, *, number: int) -> BreakView:
    """Raises BreakNotFound when there is none in the actor's entities."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    row = uow.session.scalar(select(Break).where(Break.number == number, scope.allows(Break.entity_id)))
    if row is None:
        raise BreakNotFound(f"There is no break B-{number} in the entities you may see.", number=number)
    return _view(row, _today(uow))


def breaks_of_keys(uow: UnitOfWork, *, entity_id: uuid.UUID, keys: Sequence[str]) -> list[BreakView]:
    """Every break there ever was about these keys in one entity of the actor, by number."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    rows = uow.session.scalars(
        select(Break)
        .where(scope.allows(Break.entity_id), Break.entity_id == entity_id)
        .where(Break.definition.in_([str(one) for one in Definition]), Break.subject_key.in_(keys))
        .order_by(Break.number)
    )
    today = _today(uow)
    return [_view(row, today) for row in rows]


def sum_breaks(uow: UnitOfWork, *, filter: BreakFilter) -> BreakSums:
    """How many breaks match by class and by age, and their sums by class and currency."""
    matching = _matching(uow, filter).subquery()
    c = matching.c
    grouped = uow.session.execute(
        select(c.break_class, c.currency, func.count(), func.sum(c.delta_minor))
        .group_by(c.break_class, c.currency)
        .order_by(func.count().desc(), c.break_class, c.currency)
    )
    classes = tuple(ClassSum(BreakClass(name), currency, n, int(minor)) for name, currency, n, minor in grouped)
    today = _today(uow)
    counts = uow.session.execute(
        select(*(func.count().filter(_within(c.booked_on, today, low, high)) for low, high in AGE_BANDS))
    ).one()
    ages = tuple(AgeBand(low, high, n) for (low, high), n in zip(AGE_BANDS, counts, strict=True))
    return BreakSums(classes, ages)


def _within(booked_on: Any, today: dt.date, low: int, high: int | None) -> ColumnElement[bool]:
    young = booked_on > business_day_before(today, high + 1) if high is not None else true()
    return and_(young, booked_on <= business_day_before(today, low)) if low else young


def _matching(uow: UnitOfWork, wanted: BreakFilter) -> Select[Any]:
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
    return statement


def _mentions(words: str) -> ColumnElement[bool]:
    digits = words.upper().removeprefix("B-")
    conditions = [Break.left_key.contains(words, autoescape=True), Break.right_key.contains(words, autoescape=True)]
    if digits.isdigit():
        conditions.append(Break.number == int(digits))
    return or_(*conditions)


def _today(uow: UnitOfWork) -> dt.date:
    return uow.clock.now().date()


def _view(row: Break, today: dt.date) -> BreakView:
    plain = {name: getattr(row, name) for name in _PLAIN}
    return BreakView(
        **plain,
        definition=Definition(row.definition),
        break_class=BreakClass(row.break_class),
        state=BreakState(row.state),
        age=business_days_between(row.booked_on, today),
    )


_PLAIN = tuple(
    name for name in BreakView.__dataclass_fields__ if name not in ("definition", "break_class", "state", "age")
)
