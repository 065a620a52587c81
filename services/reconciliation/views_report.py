"""What leaves reconciliation for the nightly report."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from services.reconciliation.views import BreakView, RunView, TotalView
from services.reconciliation.vocabulary import Definition


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One definition in one legal entity: its last run, and how the run up to an earlier day ended."""

    definition: Definition
    entity: str
    run: RunView
    deviation_before: int | None
    breaks_before: int | None
    totals: tuple[TotalView, ...]


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
