"""The audit log's own work: sealing and signing stand, verifying is a run of the night."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jobs.registry import job
from jobs.runner import RunContext
from jobs.standing import standing
from services import audit
from services.bootstrap import AUDIT_VERIFY, Application, audit_keys
from services.core.actor import Actor
from services.core.log import get_logger

_log = get_logger(__name__)
_SEALER = Actor.system("sealer")


class _Pass:
    """The sealer of this process; a new one after an error, since a rolled-back step must not count."""

    sealer: audit.Sealer | None = None


@standing("audit.seal", interval=0.25)
def seal(app: Application) -> bool:
    """Gives new entries their leaves, four times a second."""
    sealer, _Pass.sealer = _Pass.sealer or audit.Sealer(), None
    with app.database.unit_of_work(_SEALER) as uow:
        done = sealer.step(uow)
    _Pass.sealer = sealer
    return done.more


@standing("audit.checkpoint", interval=1.0)
def checkpoint(app: Application) -> bool:
    """Makes new entries findable by words, signs the head of the tree when that is due, tells every sink."""
    with app.database.unit_of_work(_SEALER) as uow:
        more = audit.index_words(uow)
    try:
        with app.database.unit_of_work(_SEALER) as uow:
            audit.sign_head(uow, keys=audit_keys(app.settings))
    except audit.LogRewritten as error:
        _log.error("audit.signing_refused", reason=error.sentence)
        with app.database.unit_of_work(_SEALER) as uow:
            audit.note_refusal(uow, error=error)
    _tell_sinks(app)
    return more


def _tell_sinks(app: Application) -> None:
    with app.database.unit_of_work(_SEALER) as uow:
        waiting = audit.pending(uow, sinks=audit.sinks_of(app.settings), now=dt.datetime.now(dt.UTC))
    for delivery in waiting:
        problem = audit.deliver(delivery)
        if problem:
            _log.warning("audit.sink_failed", sink=delivery.sink.name, problem=problem)
        with app.database.unit_of_work(_SEALER) as uow:
            audit.note_outcome(uow, delivery=delivery, error=problem, now=dt.datetime.now(dt.UTC))


@job(AUDIT_VERIFY)
def verify(ctx: RunContext, _: audit.VerifyParams) -> dict[str, Any]:
    """Verifies the whole log; what it finds is its result, not its failure."""
    keys = audit_keys(ctx.app.settings)
    ctx.progress(0, 1, phase="verify")
    last = keys.last_note()
    done = audit.verify_log(
        ctx.app.database, actor=_SEALER, verifiers=keys.verifiers(), exported=[last] if last else []
    )
    with ctx.unit_of_work() as uow:
        audit.save_verification(uow, done=done)
    ctx.progress(1, 1, phase="verify")
    if done.problems:
        _log.error("audit.verification_failed", problems=done.problems)
    return {"entries": done.size, "checkpoints": done.checkpoints, "problems": done.problems}
