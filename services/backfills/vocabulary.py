"""Words of backfills: states, speeds, what a check expects, the kinds of runs."""

from __future__ import annotations

import uuid
from enum import StrEnum

from pydantic import BaseModel

from services.core.permissions import Permission
from services.runs import RunKind

SCHEMA = "kontor_backfill"  # cursor, batch log and before-images live beside the data they are about


class BackfillState(StrEnum):
    """See `policy.TRANSITIONS`. Being slowed down by load is a reason shown beside RUNNING, not a state."""

    DRAFT = "draft"
    DRY_RUNNING = "dry_running"
    DRY_RUN_READY = "dry_run_ready"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    DISCARDED = "discarded"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FAILED = "failed"
    VERIFYING = "verifying"
    AWAITING_SIGNOFF = "awaiting_finance_signoff"
    REJECTED = "rejected"
    SIGNED_OFF = "signed_off"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    ROLLED_BACK_WITH_CONFLICTS = "rolled_back_with_conflicts"


class Pace(StrEnum):
    """`slow` takes shorter batches and rests as long as it worked; `fast` takes longer ones; `night` works at the
    normal speed, from 22:00 to 06:00 alone."""

    SLOW = "slow"
    NORMAL = "normal"
    FAST = "fast"
    NIGHT = "night"


class Expect(StrEnum):
    """What a check's number has to be: zero afterwards, what it was before, or zero before and afterwards."""

    ZERO = "zero"
    SAME = "same"
    ALWAYS_ZERO = "always_zero"


class Direction(StrEnum):
    FORWARD = "forward"
    BACK = "back"


class BackfillParams(BaseModel):
    backfill_id: uuid.UUID


DRY_RUN = RunKind(
    "backfills.dry_run", BackfillParams, Permission.BACKFILL_DRAFT, concurrency=2, max_attempts=2, priority=60
)
# A batch takes half a second. A worker that freezes in one gives its locks back after 15 s.
EXECUTE = RunKind(
    "backfills.execute",
    BackfillParams,
    Permission.BACKFILL_RUN,
    concurrency=2,
    priority=80,
    transaction_seconds=15,
    agreed=True,
)
VERIFY = RunKind(
    "backfills.verify", BackfillParams, Permission.BACKFILL_RUN, concurrency=2, max_attempts=2, priority=60, agreed=True
)
ROLL_BACK = RunKind(
    "backfills.roll_back",
    BackfillParams,
    Permission.BACKFILL_RUN,
    concurrency=2,
    priority=50,
    transaction_seconds=15,
    agreed=True,
)
