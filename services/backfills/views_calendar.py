"""What leaves the release calendar."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import StrEnum

from services.backfills.vocabulary import BackfillState
from services.backfills.windows import Gate, Span
from services.core.words import Words


@dataclass(frozen=True, slots=True)
class WindowDraft:
    """A weekly window as somebody sets it up: days (0 is Monday), and times of the entity's zone, or of one given."""

    name: str
    days: tuple[int, ...]
    opens: dt.time
    closes: dt.time
    time_zone: str | None = None
    entity_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class WindowView:
    """Opens on `days` (0 is Monday) at `opens`; `closes` not after `opens` means the next day. Times of `time_zone`."""

    id: uuid.UUID
    name: str
    entity_id: uuid.UUID | None
    entity_name: str | None
    time_zone: str
    days: tuple[int, ...]
    opens: dt.time
    closes: dt.time
    version: int


@dataclass(frozen=True, slots=True)
class FreezeView:
    """`lift_request_id` is an open or ended request to lift it; a lifted one no longer holds."""

    id: uuid.UUID
    reason: str
    entity_id: uuid.UUID | None
    entity_name: str | None
    starts_at: dt.datetime
    ends_at: dt.datetime
    created_by_name: str
    lifted_at: dt.datetime | None
    lifted_reason: str | None
    lift_request_id: uuid.UUID | None


class ChangeTime(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A backfill in the calendar. `ends_at` is an estimate while it has not ended, None where there is none."""

    backfill_id: uuid.UUID
    label: str
    title: Words
    table: str
    columns: tuple[str, ...]
    state: BackfillState
    when: ChangeTime
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    rows: int | None
    by_name: str | None


@dataclass(frozen=True, slots=True)
class GateView:
    """Whether work may begin now; `until` is when that changes, `freeze` the one that holds it."""

    gate: Gate
    until: dt.datetime | None
    freeze: FreezeView | None

    @property
    def is_open(self) -> bool:
        return self.gate in (Gate.OPEN, Gate.UNLIMITED)


@dataclass(frozen=True, slots=True)
class CalendarView:
    """Everything between two instants; `open_spans` is the time in which a backfill may work."""

    start: dt.datetime
    end: dt.datetime
    now: GateView
    windows: tuple[WindowView, ...]
    freezes: tuple[FreezeView, ...]
    open_spans: tuple[Span, ...]
    changes: tuple[ChangeView, ...]
