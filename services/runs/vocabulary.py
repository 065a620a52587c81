"""Words of the run engine: states, wishes, kinds, schedule rules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pydantic import BaseModel

from services.core.permissions import Permission

RUN_CHANNEL = "kontor_run"  # NOTIFY: something may be claimable, or a wish has changed
SCHEDULE_CHANNEL = "kontor_schedule"  # NOTIFY: a schedule was edited


class RunState(StrEnum):
    """What a run is (the fact); see `policy.TRANSITIONS`. `dead` is the dead letter."""

    QUEUED = "queued"
    RUNNING = "running"
    RETRY_WAIT = "retry_wait"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    DEAD = "dead"
    CANCELLED = "cancelled"


class Desired(StrEnum):
    """What a person wants of it; the worker obeys at its next safe point."""

    RUN = "run"
    PAUSE = "pause"
    CANCEL = "cancel"


class AttemptOutcome(StrEnum):
    """How an attempt ended. `lost`: its worker died or lost the lease. `released`: its worker was told to stop."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"
    RELEASED = "released"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class WorkerRole(StrEnum):
    WORKER = "worker"
    CLOCK = "clock"


class RuleKind(StrEnum):
    """How a schedule says when: a cron line, every so many seconds, or once a local day."""

    CRON = "cron"
    INTERVAL = "interval"
    DAILY = "daily"


class CatchUp(StrEnum):
    """What happens to firings that passed while no clock ran: all of them, only the last, or none."""

    ALL = "all"
    LAST = "last"
    SKIP = "skip"


class FiringOutcome(StrEnum):
    STARTED = "started"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class RunKind:
    """A kind of work. `permission` is needed to start it; `concurrency` holds for the whole installation.

    A lower `priority` goes first. A failed attempt is tried again after `retry_seconds`, doubled each time,
    until `max_attempts` have failed. `timeout_seconds` ends an attempt at its next safe point;
    `transaction_seconds` is what the database allows each of its transactions. `entity_field` names the
    parameter that holds the legal entity, when the parameters have one. With `agreed` the work is what people agreed
    to: whoever lets it go on needs the kind's permission too.
    """

    name: str
    params: type[BaseModel]
    permission: Permission
    concurrency: int = 1
    max_attempts: int = 5
    priority: int = 100
    retry_seconds: float = 2.0
    timeout_seconds: float | None = None
    transaction_seconds: float = 900.0
    entity_field: str = "entity_id"
    agreed: bool = False
