"""What leaves reconciliation about drift."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from services.reconciliation.vocabulary import Definition


@dataclass(frozen=True, slots=True)
class DriftRun:
    """How far the sides of one currency were apart after the last run up to a day; deviation in millionths."""

    day: dt.date
    run_id: uuid.UUID
    deviation_ppm: int
    open_minor: int
    left_minor: int


@dataclass(frozen=True, slots=True)
class DriftDay:
    """What the first run that covered a business day found of it, beside what is usual on that weekday.

    `usual` is the median of the same weekday in the weeks before, `low` and `high` the least and the most of them,
    `weeks` how many there were. From `bound` breaks on a day stands out; None where too few weeks are known.
    """

    day: dt.date
    break_class: str
    breaks: int
    open_minor: int
    left_minor: int
    usual: float | None
    low: int | None
    high: int | None
    weeks: int
    bound: int | None

    @property
    def outlier(self) -> bool:
        return self.bound is not None and self.breaks >= self.bound

    @property
    def share_ppm(self) -> int:
        """The day's open differences over its left side, in millionths, rounded up."""
        return -(-self.open_minor * 1_000_000 // self.left_minor) if self.left_minor else 0


@dataclass(frozen=True, slots=True)
class DriftView:
    """Drift of one definition in one entity and currency. `currencies` are those there are, `limit_ppm` the rule's.

    `days` holds every class of every day, the class `all` among them; `runs` one run a day, the oldest first.
    """

    definition: Definition
    entity_id: uuid.UUID
    currency: str
    currencies: tuple[str, ...]
    limit_ppm: int
    runs: tuple[DriftRun, ...]
    days: tuple[DriftDay, ...]

    @property
    def over_limit(self) -> tuple[DriftRun, ...]:
        return tuple(run for run in self.runs if run.deviation_ppm > self.limit_ppm)

    @property
    def outliers(self) -> tuple[DriftDay, ...]:
        """The days that stand out, the latest first; a class before the sum of all."""
        found = [day for day in self.days if day.outlier]
        return tuple(sorted(found, key=lambda day: (-day.day.toordinal(), day.break_class == "all", -day.breaks)))
