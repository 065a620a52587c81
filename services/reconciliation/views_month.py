"""What leaves reconciliation about a month: four sides, each pair's difference in steps, and the items of a step."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from services.reconciliation.vocabulary import Definition, PeriodState

SIDES_OF_MONTH = ("books", "stripe", "bank", "vouchers")
"""The four sides, in the order in which money is told."""


@dataclass(frozen=True, slots=True)
class MonthStep:
    """One reason why two sides differ: how many items, and their sum in minor units with sign.

    `source` says where the items are read: a definition's comparison, `vouchers`, or `clearing`, which has a page of
    its own. A step with `still_open` needs somebody; the others only say where the money is.
    """

    source: str
    part: str
    items: int
    minor: int
    still_open: bool


@dataclass(frozen=True, slots=True)
class MonthPair:
    """Left less right in one currency; the steps add up to it. `through` names the side a chain leads over."""

    left: str
    right: str
    left_minor: int
    right_minor: int
    steps: tuple[MonthStep, ...]
    through: tuple[str, ...] = ()

    @property
    def difference_minor(self) -> int:
        return self.left_minor - self.right_minor

    @property
    def unexplained_minor(self) -> int:
        """What the steps leave of the difference: anything but zero came since the last run."""
        return self.difference_minor - sum(step.minor for step in self.steps)

    @property
    def open_items(self) -> int:
        return sum(step.items for step in self.steps if step.still_open)


@dataclass(frozen=True, slots=True)
class MonthSide:
    """One side's entries in a month, and their sum in minor units."""

    name: str
    entries: int
    minor: int


@dataclass(frozen=True, slots=True)
class MonthCurrency:
    """The four sides of one currency (a side without a feed is left out) and every pair of those that are there."""

    currency: str
    sides: tuple[MonthSide, ...]
    pairs: tuple[MonthPair, ...]


@dataclass(frozen=True, slots=True)
class MonthView:
    """A month of one legal entity. `vouchers` is false where no bookkeeping is connected; `states` are its periods'.

    `rolled_at` says when the differences were added up, None when no run has done that yet.
    """

    entity_id: uuid.UUID
    entity_name: str
    first_day: dt.date
    last_day: dt.date
    currencies: tuple[MonthCurrency, ...]
    vouchers: bool
    states: dict[Definition, PeriodState]
    rolled_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class MonthItem:
    """One item behind a step: an entry, the invoice of a voucher, or what both sides have of one key.

    Amounts in minor units, None where a side has nothing; `number` is the break about it.
    """

    key: str
    currency: str
    left_minor: int | None
    right_minor: int | None
    minor: int
    booked_on: dt.date | None
    number: int | None
    part: str
