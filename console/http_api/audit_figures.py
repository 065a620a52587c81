"""How the audit log stands, for Prometheus."""

from __future__ import annotations

import datetime as dt
import math

from console.http_api.metrics import Figure
from services import audit
from services.core.db import UnitOfWork


def audit_figures(uow: UnitOfWork) -> list[Figure]:
    """Age of the last checkpoint, what waits for the sealer, the sinks, and the last verification.

    Before the first checkpoint its age is infinite; before the first verification its age is not a number.
    """
    now = audit.status(uow)
    age = math.inf if now.checkpoint_age_seconds is None else now.checkpoint_age_seconds
    done = now.verification
    verified = (dt.datetime.now(dt.UTC) - done.finished_at).total_seconds() if done else math.nan
    failing = {"all": sum(sink.failures for sink in now.sinks)} | {sink.name: sink.failures for sink in now.sinks}
    return [
        ("kontor_audit_unsealed_entries", "Entries without a leaf", {}, float(now.unsealed)),
        ("kontor_audit_unsealed_seconds", "Age of the oldest entry without a leaf", {}, now.oldest_unsealed_seconds),
        ("kontor_audit_checkpoint_age_seconds", "Age of the last checkpoint", {}, age),
        ("kontor_audit_checkpoint_size", "Its entries", {}, float(now.checkpoint.size if now.checkpoint else 0)),
        ("kontor_audit_sinks", "Places outside the database that receive checkpoints", {}, float(len(now.sinks))),
        *(
            ("kontor_audit_sink_failures", "Deliveries in a row that failed", {"sink": name}, float(count))
            for name, count in failing.items()
        ),
        ("kontor_audit_verification_problems", "Found by the last one", {}, float(done.problems if done else 0)),
        ("kontor_audit_verification_age_seconds", "Age of the last verification", {}, verified),
    ]
