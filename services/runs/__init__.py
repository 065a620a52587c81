"""Runs: everything that takes longer than a click, and the schedules that start them.

A domain defines its kinds in its vocabulary, `bootstrap` declares them, `jobs/<domain>.py` holds their bodies.
"""

from services.runs.kinds import declare, declared_kinds, kind_named
from services.runs.queries import workers_seen
from services.runs.service import cancel, enqueue, pause, resume, retry, start
from services.runs.views import Presence
from services.runs.vocabulary import (
    AttemptOutcome,
    CatchUp,
    Desired,
    FiringOutcome,
    RuleKind,
    RunKind,
    RunState,
    WorkerRole,
)

__all__ = [
    "AttemptOutcome",
    "CatchUp",
    "Desired",
    "FiringOutcome",
    "Presence",
    "RuleKind",
    "RunKind",
    "RunState",
    "WorkerRole",
    "cancel",
    "declare",
    "declared_kinds",
    "enqueue",
    "kind_named",
    "pause",
    "resume",
    "retry",
    "start",
    "workers_seen",
]
