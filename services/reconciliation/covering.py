"""Sets of open entries that add up to one: what a person may put together where no rule may guess."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.models import Break
from services.reconciliation.pairing import MOST_IN_WINDOW, Item, sums
from services.reconciliation.views import BreakView, CoveringSet
from services.reconciliation.vocabulary import UNRESOLVED, BreakClass
from services.reconciliation.workdays import BusinessCalendar

_REST = 2  # a window in business days spans at most so many times as many days, and a week


def open_opposite(found: BreakView) -> Select[Break]:
    """What stands alone on the other side in the same currency, of one legal entity and definition, and is unresolved.

    Without a scope: whoever asks has been shown `found`.
    """
    other = BreakClass.MISSING_RIGHT if found.break_class is BreakClass.MISSING_LEFT else BreakClass.MISSING_LEFT
    return select(Break).where(
        Break.entity_id == found.entity_id,
        Break.definition == found.definition.value,
        Break.break_class == other.value,
        Break.closed_seq.is_(None),
        Break.state.in_(UNRESOLVED),
        Break.currency == found.currency,
    )


def covering_sets(
    uow: UnitOfWork, found: BreakView, calendar: BusinessCalendar, parameters: Mapping[str, Any]
) -> tuple[CoveringSet, ...]:
    """Up to two sets of open breaks of the other side that add up to this one to the minor unit.

    Of one legal entity, definition and currency, within the days and of at most the size that the rules allow; the
    nearest days are looked at, so that the search ends.
    """
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    window = parameters["window_days"]
    widest = dt.timedelta(days=_REST * window + 7)
    near = open_opposite(found).where(
        scope.allows(Break.entity_id),
        Break.booked_on.between(found.booked_on - widest, found.booked_on + widest),
        func.abs(Break.delta_minor) < abs(found.delta_minor),
        func.sign(Break.delta_minor) == (-1 if found.delta_minor > 0 else 1),
    )
    by_day = func.abs(Break.booked_on - found.booked_on)
    rows = uow.session.scalars(near.order_by(by_day, Break.number).limit(4 * MOST_IN_WINDOW)).all()
    rows = [row for row in rows if calendar.apart(row.booked_on, found.booked_on) <= window][:MOST_IN_WINDOW]
    items = [Item(str(row.number), row.delta_minor, row.currency, row.booked_on) for row in rows]
    known = {str(row.number): (row.number, row.subject_key, abs(row.delta_minor)) for row in rows}
    return tuple(
        CoveringSet(tuple(known[number] for number in numbers), found.currency)
        for numbers in sums(items, -found.delta_minor, parameters["batch_size"])
    )
