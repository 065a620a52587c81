"""What leaves reconciliation for the nightly report."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.reconciliation.views import BreakView, RunView, TotalView
from services.reconciliation.vocabulary import Definition


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One definition in one legal entity: its last run, and how the run up to an earlier day ended.

    `classes_before` counts that run's breaks by class; None where there was none.
    """

    definition: Definition
    entity: str
    run: RunView
    deviation_before: int | None
    breaks_before: int | None
    totals: tuple[TotalView, ...]
    classes_before: Mapping[str, int] | None = None

    @property
    def changes(self) -> dict[str, int]:
        """How many breaks more or fewer of each class than the day before; classes that did not change are left out."""
        if self.classes_before is None:
            return {}
        now, before = self.run.class_counts, self.classes_before
        moved = {name: now.get(name, 0) - before.get(name, 0) for name in sorted({*now, *before})}
        return {name: count for name, count in moved.items() if count}


@dataclass(frozen=True, slots=True)
class NightlyReport:
    """The state of every reconciliation at a moment, and the oldest open breaks with who has them."""

    made_at: dt.datetime
    lines: tuple[ReportLine, ...]
    oldest: tuple[BreakView, ...]
    names: Mapping[uuid.UUID, str]

    @property
    def day(self) -> dt.date:
        """The last day that was looked at, or that of the report when nothing was."""
        return max((line.run.through for line in self.lines), default=self.made_at.date())

    @property
    def green(self) -> bool:
        return bool(self.lines) and not any(line.run.over_limit for line in self.lines)


def worst_first(lines: Sequence[ReportLine]) -> list[ReportLine]:
    """What needs a person stands first."""
    return sorted(lines, key=lambda line: -line.run.deviation_ppm)
