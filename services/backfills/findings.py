"""What a worker measures: the dry run before, the verification afterwards.

Measuring may take minutes, so each is three steps: a short transaction takes the work up, another one measures without
a lock on the backfill and is rolled back, and a last one keeps what was found if it is still waited for.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection

from services import runs
from services.backfills import announcing, ledger, measuring, reconciling, verifying
from services.backfills.batching import Plan
from services.backfills.definition import Definition, definition_named
from services.backfills.errors import NotAtWork, NothingLeft
from services.backfills.execution import take_up
from services.backfills.models import Backfill
from services.backfills.service import S, checked_params, locked, move, note
from services.backfills.signing import ask_signature
from services.backfills.targets import LONG_SECONDS, at_target
from services.core import canonical_json
from services.core.db import UnitOfWork
from services.core.permissions import Permission


@dataclass(frozen=True, slots=True)
class DryRunAsked:
    """What a dry run measures, for the run that was asked for it."""

    backfill_id: uuid.UUID
    run_id: uuid.UUID
    number: int
    definition: Definition
    params: BaseModel


@dataclass(frozen=True, slots=True)
class VerificationAsked:
    """What a verification measures, for the run that was asked for it: what was carried out, and what was there before.

    `before` is how the reconciliations stood before the first batch.
    """

    run_id: uuid.UUID
    plan: Plan
    dry_run: Mapping[str, Any]
    before: Sequence[Mapping[str, Any]]


def begin_dry_run(uow: UnitOfWork, *, backfill_id: uuid.UUID, run_id: uuid.UUID) -> DryRunAsked:
    """Raises NothingLeft."""
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, backfill_id)
    take_up(uow, row, run_id, S.DRY_RUNNING, after=S.DRAFT)
    definition = definition_named(row.definition)
    return DryRunAsked(row.id, run_id, row.number, definition, checked_params(definition, row.params))


def measure_dry_run(uow: UnitOfWork, *, asked: DryRunAsked) -> dict[str, Any]:
    """The document of a dry run; the caller rolls back. Raises TargetUnavailable, TargetBusy."""
    uow.actor.require(Permission.RUN_EXECUTE)
    definition, params = asked.definition, asked.params
    with _measured_at(uow, definition) as connection:
        document = measuring.measured(connection, definition, params, number=asked.number)
        touched = reconciling.touched_days(connection, definition, params, document["frozen"]["bound"])
    return document | {
        "closed_periods": reconciling.closed_periods(uow, touched),
        "reconciliations": reconciling.snapshot(uow, definition),
        "measured_at": uow.clock.now().isoformat(),
    }


def keep_dry_run(uow: UnitOfWork, *, asked: DryRunAsked, document: dict[str, Any]) -> dict[str, Any]:
    """Raises NothingLeft when somebody threw the draft away, changed it or asked anew while it was measured."""
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, asked.backfill_id)
    _require_waiting(row, asked.run_id, S.DRY_RUNNING)
    move(uow, row, S.DRY_RUN_READY)
    row.dry_run = document
    rows = document["frozen"]["rows"]
    note(uow, row, "dry_run_taken", after={"digest": canonical_json.digest(document), "rows": rows})
    return {"rows": rows, "estimate": document["estimate"]}


def begin_verification(uow: UnitOfWork, *, backfill_id: uuid.UUID, run_id: uuid.UUID) -> VerificationAsked:
    """Raises NothingLeft."""
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, backfill_id)
    take_up(uow, row, run_id, S.VERIFYING, after=S.FAILED)
    if row.plan is None or row.dry_run is None:
        raise NotAtWork("It is not waiting to be verified.")
    definition = definition_named(row.definition)
    params = checked_params(definition, row.plan["params"])
    plan = Plan(row.id, row.number, definition, params, row.plan["frozen"]["bound"], 0)
    return VerificationAsked(run_id, plan, row.dry_run, (row.baseline or {}).get("before") or [])


def measure_verification(uow: UnitOfWork, *, asked: VerificationAsked) -> dict[str, Any]:
    """What was promised, measured; the caller rolls back. Raises TargetUnavailable, TargetBusy."""
    uow.actor.require(Permission.RUN_EXECUTE)
    definition = asked.plan.definition
    with _measured_at(uow, definition) as connection:
        document = verifying.verified(connection, asked.plan, asked.dry_run)
    results = document["results"] + reconciling.compared(uow, asked.before, reconciling.snapshot(uow, definition))
    return document | {
        "results": results,
        "held": all(one["held"] for one in results),
        "measured_at": uow.clock.now().isoformat(),
    }


def keep_verification(uow: UnitOfWork, *, asked: VerificationAsked, document: dict[str, Any]) -> dict[str, Any]:
    """Asks Finance to sign, or to reject, exactly this document. Raises NothingLeft when nobody waits for it."""
    uow.actor.require(Permission.RUN_EXECUTE)
    row = locked(uow, asked.plan.backfill_id)
    _require_waiting(row, asked.run_id, S.VERIFYING)
    definition, held = asked.plan.definition, document["held"]
    failed = [one["code"] for one in document["results"] if not one["held"]]
    move(uow, row, S.AWAITING_SIGNOFF)
    row.verification = document
    row.problem = f"The verification found: {', '.join(failed)}." if failed else None
    ask_signature(uow, row)
    note(uow, row, "verified", after={"held": held, "failed": failed})
    changed = ledger.changed_by(uow.session.connection(), row.id)
    moved = verifying.money_moved(document)
    reconciling.report(uow, row, definition, rows=changed, result="succeeded", held=held, money=moved)
    announcing.announce(uow, row, "deviates" if failed else "verified", result=verifying.in_words(document))
    return {"held": held, "failed": failed}


@contextmanager
def _measured_at(uow: UnitOfWork, definition: Definition) -> Iterator[Connection]:
    """Where the rows are. For another database the transaction of `uow` has not begun yet and does not stand idle."""
    if definition.database is None:
        runs.guard(uow, transaction_seconds=LONG_SECONDS)
    with at_target(uow, definition, long=True, keep=False) as connection:
        yield connection


def _require_waiting(row: Backfill, run_id: uuid.UUID, state: S) -> None:
    """Raises NothingLeft unless the locked row still waits for exactly this run."""
    if row.run_id != run_id or row.state != state:
        raise NothingLeft(f"What was measured is not waited for any more; the backfill is {row.state}.")
