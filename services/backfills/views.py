"""What leaves backfills."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.backfills.vocabulary import BackfillState, Direction, Expect, Pace
from services.core.words import Words


@dataclass(frozen=True, slots=True)
class CheckView:
    code: str
    title: Words
    expect: Expect


@dataclass(frozen=True, slots=True)
class DefinitionView:
    """A registered backfill; `params` is the JSON schema of what it takes.

    `reconciliations` are those it must not disturb. `flag` switches readers to what it fills, and `database` is the
    target of the settings it works in; empty for none, and for the console's own.
    """

    name: str
    version: int
    title: Words
    description: Words
    owner: str
    table: str
    columns: tuple[str, ...]
    params: Mapping[str, Any]
    checks: tuple[CheckView, ...]
    undoable: bool
    quarantine_limit: int
    runbook: Words
    reconciliations: tuple[str, ...]
    flag: str
    database: str


@dataclass(frozen=True, slots=True)
class BackfillView:
    """A backfill as it stands. `dry_run` and `verification` are the documents that people agree to and sign.

    `throttle` says why it waits: indicator, value, limit, since. `problem` is why it failed or went back to draft.
    `hold` says who or what paused it: `by` (person, window, freeze, night), `since`, `opens_at`. `planned_for` is the
    instant from which it starts by itself when a window is open; with `follow_windows` it resumes so as well.
    """

    id: uuid.UUID
    number: int
    definition: str
    version: int
    title: Words
    params: Mapping[str, Any]
    state: BackfillState
    problem: str | None
    created_by: uuid.UUID | None
    created_by_name: str
    created_at: dt.datetime
    dry_run: Mapping[str, Any] | None
    request_id: uuid.UUID | None
    run_id: uuid.UUID | None
    pace: Pace
    throttle: Mapping[str, Any] | None
    started_by_name: str | None
    started_at: dt.datetime | None
    changed_at: dt.datetime | None
    verification: Mapping[str, Any] | None
    signoff_request_id: uuid.UUID | None
    signed_by_name: str | None
    undo_reason: str | None
    undo_request_id: uuid.UUID | None
    ended_at: dt.datetime | None
    planned_for: dt.datetime | None
    planned_by_name: str | None
    follow_windows: bool
    hold: Mapping[str, Any] | None
    emergency_by_name: str | None

    @property
    def label(self) -> str:
        return f"BF-{self.number:04d}"

    @property
    def predicted(self) -> int | None:
        """Rows that the dry run counted."""
        return self.dry_run["frozen"]["rows"] if self.dry_run else None


@dataclass(frozen=True, slots=True)
class Start:
    """What came of a start: the run that works, or why it went back to draft."""

    run_id: uuid.UUID | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class BatchView:
    """One batch: `milliseconds` it took, and the rows it walked and changed."""

    number: int
    scanned: int
    changed: int
    milliseconds: int
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class ProgressView:
    """How far a backfill (or its way back) is. `seconds_left` is None before two batches were done."""

    direction: Direction
    batches: int
    scanned: int
    changed: int
    quarantined: int
    conflicts: int
    rows_per_second: int
    seconds_left: int | None
    p95_ms: int
    last: tuple[BatchView, ...]


@dataclass(frozen=True, slots=True)
class LoadView:
    """Where an indicator stood at the last look (`at`), and since when it is within or over its limit."""

    indicator: str
    value: int
    over: bool
    since: dt.datetime
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class SetAside:
    """A row that refused the change."""

    key: str
    batch: int
    error: str


@dataclass(frozen=True, slots=True)
class ConflictView:
    """A row that was edited (or deleted: `found` is None) after the backfill, and was left alone by the way back.

    `settled` says how it was settled since (keep, restore), None while it is open.
    """

    key: str
    before: Mapping[str, Any]
    left_as: Mapping[str, Any]
    found: Mapping[str, Any] | None
    settled: str | None = None
    settled_by: str | None = None
    settled_reason: str | None = None
    settled_at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class BackfillDetail:
    backfill: BackfillView
    definition: DefinitionView
    progress: ProgressView | None
    quarantine: tuple[SetAside, ...]
    load: tuple[LoadView, ...]
    next_steps: tuple[BackfillState, ...]
