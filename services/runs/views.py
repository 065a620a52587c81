"""What leaves the run engine."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from services.runs.vocabulary import AttemptOutcome, CatchUp, Desired, FiringOutcome, RuleKind, RunState


@dataclass(frozen=True, slots=True)
class Presence:
    """Processes alive now, counted by the locks their sessions hold."""

    workers: int
    clocks: int


@dataclass(frozen=True, slots=True)
class Claim:
    """A run as its worker holds it: what every write of the worker is checked against."""

    id: uuid.UUID
    number: int
    worker_id: uuid.UUID
    kind: str
    params: dict[str, Any]
    epoch: int
    failures: int
    max_attempts: int
    memory: dict[str, Any]
    entity_id: uuid.UUID | None
    request_id: str
    on_behalf_of: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` in the run's own units; rate per second since the phase began; None where unknown."""

    done: int
    total: int | None
    phase: str | None
    rate: float | None
    seconds_left: int | None
    noted_at: dt.datetime


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as lists show it. `blocked` says that it waits for a run that has not succeeded.

    `started_by_id` is the person, None when the console started it by itself.
    """

    id: uuid.UUID
    number: int
    kind: str
    entity_id: uuid.UUID | None
    state: RunState
    desired: Desired
    blocked: bool
    progress: Progress | None
    failures: int
    max_attempts: int
    error: str | None
    started_by: str
    started_by_id: uuid.UUID | None
    created_at: dt.datetime
    not_before: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class RunPage:
    """Newest first; the cursors of the neighbouring pages are None at the ends."""

    rows: tuple[RunRow, ...]
    newer: uuid.UUID | None
    older: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class AttemptView:
    number: int
    worker: str
    started_at: dt.datetime
    finished_at: dt.datetime | None
    outcome: AttemptOutcome | None
    error_class: str | None
    error: str | None
    traceback: str | None


@dataclass(frozen=True, slots=True)
class RunLink:
    """Another run this one waits for, or that waits for it."""

    id: uuid.UUID
    number: int
    kind: str
    state: RunState


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did to the run: paused, resumed, cancelled, retried, replayed."""

    at: dt.datetime
    who: str
    verb: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class LogLine:
    id: int
    at: dt.datetime
    attempt: int
    level: str
    event: str
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunDetail:
    run: RunRow
    params: dict[str, Any]
    memory: dict[str, Any]
    result: dict[str, Any] | None
    priority: int
    unique_key: str | None
    schedule_code: str | None
    lease_until: dt.datetime | None
    attempts: tuple[AttemptView, ...]
    log: tuple[LogLine, ...]
    deeds: tuple[Deed, ...]
    waits_for: tuple[RunLink, ...]
    waited_for_by: tuple[RunLink, ...]
    may_go_on: bool


@dataclass(frozen=True, slots=True)
class FiringPreview:
    """One coming firing: the instant in UTC, and what the wall clock of the schedule's zone shows then."""

    at: dt.datetime
    local: dt.datetime


@dataclass(frozen=True, slots=True)
class RulePreview:
    """What a rule would do: its next firings, or why it cannot be read (error code, its data, an English sentence)."""

    coming: tuple[FiringPreview, ...]
    problem: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class FiringView:
    fire_at: dt.datetime
    until: dt.datetime
    count: int
    outcome: FiringOutcome
    run_id: uuid.UUID | None
    run_number: int | None


@dataclass(frozen=True, slots=True)
class ScheduleView:
    """A schedule with its coming firings (none while it is paused) and its latest ones."""

    id: uuid.UUID
    code: str
    kind: str
    params: dict[str, Any]
    entity_id: uuid.UUID | None
    rule: RuleKind
    cron: str | None
    every_seconds: int | None
    daily_at: dt.time | None
    time_zone: str
    catch_up: CatchUp
    paused: bool
    version: int
    coming: tuple[FiringPreview, ...]
    latest: tuple[FiringView, ...]
