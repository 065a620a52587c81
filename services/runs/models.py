"""Tables of runs and schedules. The run table is the queue."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base, one_of
from services.core.ids import new_id
from services.runs.vocabulary import (
    AttemptOutcome,
    CatchUp,
    Desired,
    FiringOutcome,
    RuleKind,
    RunState,
    WorkerRole,
)


class Worker(Base):
    """A process that executes runs or keeps the clock. It lives while its session holds advisory lock `number`."""

    __tablename__ = "worker"
    __table_args__ = (one_of("role", WorkerRole),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    role: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    concurrency: Mapped[int]
    started_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    stopped_at: Mapped[dt.datetime | None]


class Run(Base):
    """One piece of work. `epoch` counts its claims; a write under an older epoch is refused."""

    __tablename__ = "run"
    __table_args__ = (
        one_of("state", RunState),
        one_of("desired", Desired),
        CheckConstraint("(state = 'running') = (worker_id IS NOT NULL)", name="running_has_worker"),
        CheckConstraint(
            "(state IN ('succeeded', 'dead', 'cancelled')) = (finished_at IS NOT NULL)", name="finished_has_time"
        ),
        Index(
            "ix_run_waiting",
            "kind",
            "priority",
            "id",
            postgresql_where=text("state IN ('queued', 'retry_wait')"),
        ),
        Index("ix_run_running", "kind", postgresql_where=text("state = 'running'")),
        Index(None, "state", "id"),
        Index(None, "kind", "id"),
        Index(None, "schedule_id", postgresql_where=text("schedule_id IS NOT NULL")),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    number: Mapped[int] = mapped_column(Identity(always=True), unique=True)
    kind: Mapped[str]
    entity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("legal_entity.id"))
    schedule_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("schedule.id"))
    params: Mapped[dict[str, Any]]
    unique_key: Mapped[str | None] = mapped_column(unique=True)
    priority: Mapped[int]
    max_attempts: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=RunState.QUEUED.value)
    desired: Mapped[str] = mapped_column(server_default=Desired.RUN.value)
    not_before: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    failures: Mapped[int] = mapped_column(server_default="0")
    losses: Mapped[int] = mapped_column(server_default="0")
    epoch: Mapped[int] = mapped_column(server_default="0")
    worker_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("worker.id"))
    lease_until: Mapped[dt.datetime | None]
    memory: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    progress_done: Mapped[int | None]
    progress_total: Mapped[int | None]
    progress_phase: Mapped[str | None]
    progress_at: Mapped[dt.datetime | None]
    phase_done: Mapped[int | None]
    phase_at: Mapped[dt.datetime | None]
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None]
    started_by_kind: Mapped[str]
    started_by_id: Mapped[uuid.UUID | None]
    started_by_name: Mapped[str]
    request_id: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]


class RunDependency(Base):
    """`run_id` waits until `after_id` has succeeded."""

    __tablename__ = "run_dependency"
    __table_args__ = (CheckConstraint("run_id <> after_id", name="not_itself"), Index(None, "after_id"))

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    after_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("run.id"), primary_key=True)


class RunAttempt(Base):
    """One claim of a run (`number` is its epoch), and how it ended. Error and traceback carry no secrets."""

    __tablename__ = "run_attempt"
    __table_args__ = (
        one_of("outcome", AttemptOutcome),
        CheckConstraint("(outcome IS NULL) = (finished_at IS NULL)", name="ended_has_outcome"),
    )

    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    worker_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("worker.id"))
    started_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[dt.datetime | None]
    outcome: Mapped[str | None]
    error_class: Mapped[str | None]
    error: Mapped[str | None]
    traceback: Mapped[str | None]


class RunLog(Base):
    """One structured line that a run wrote about itself."""

    __tablename__ = "run_log"
    __table_args__ = (Index(None, "run_id", "id"), Index(None, "at"))

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("run.id", ondelete="CASCADE"))
    attempt: Mapped[int]
    at: Mapped[dt.datetime] = mapped_column(server_default=func.clock_timestamp())
    level: Mapped[str] = mapped_column(server_default="info")
    event: Mapped[str]
    fields: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")


class RunKindTurn(Base):
    """When a kind last had a turn, so that kinds take turns and none starves."""

    __tablename__ = "run_kind_turn"

    kind: Mapped[str] = mapped_column(primary_key=True)
    served_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class Schedule(Base):
    """When a kind of run starts by itself. `watermark`: every firing up to it has been decided."""

    __tablename__ = "schedule"
    __table_args__ = (
        UniqueConstraint("code"),
        one_of("rule", RuleKind),
        one_of("catch_up", CatchUp),
        CheckConstraint(
            "num_nonnulls(cron, every_seconds, daily_at) = 1 AND (rule = 'cron') = (cron IS NOT NULL)"
            " AND (rule = 'interval') = (every_seconds IS NOT NULL)",
            name="one_rule",
        ),
        CheckConstraint("every_seconds >= 1", name="interval_length"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str]
    kind: Mapped[str]
    params: Mapped[dict[str, Any]]
    entity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("legal_entity.id"))
    rule: Mapped[str]
    cron: Mapped[str | None]
    every_seconds: Mapped[int | None]
    daily_at: Mapped[dt.time | None]
    time_zone: Mapped[str]
    catch_up: Mapped[str]
    paused: Mapped[bool] = mapped_column(server_default=text("false"))
    watermark: Mapped[dt.datetime]
    version: Mapped[int] = mapped_column(server_default="1")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class ScheduleFiring(Base):
    """A decided firing: started one run, or skipped `count` firings from `fire_at` to `until`."""

    __tablename__ = "schedule_firing"
    __table_args__ = (
        one_of("outcome", FiringOutcome),
        CheckConstraint("(outcome = 'started') = (run_id IS NOT NULL)", name="started_has_run"),
        Index(
            "uq_schedule_firing_schedule_id_local_day",
            "schedule_id",
            "local_day",
            unique=True,
            postgresql_where=text("local_day IS NOT NULL"),
        ),
    )

    schedule_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("schedule.id", ondelete="CASCADE"), primary_key=True)
    fire_at: Mapped[dt.datetime] = mapped_column(primary_key=True)
    until: Mapped[dt.datetime]
    count: Mapped[int] = mapped_column(server_default="1")
    local_day: Mapped[dt.date | None]
    outcome: Mapped[str]
    run_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("run.id"))
    recorded_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
