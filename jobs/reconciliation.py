"""Runs of reconciliation: one definition of one entity, and the chain of the night."""

from __future__ import annotations

import uuid
from typing import Any

from jobs.registry import job
from jobs.runner import RunContext
from jobs.voucher_months import add_up_vouchers
from services import bank, books, identity, payments, reconciliation, runs
from services.core.db import UnitOfWork
from services.reconciliation import SIDES, Definition, OnBehalf, ReconcileParams, Starter

_STEPS = 4
_TIDY_FROM = 5_000  # entries or breaks written; below it the map of their pages is still good


@job(reconciliation.RUN)
def reconcile(ctx: RunContext, params: ReconcileParams) -> dict[str, Any]:
    """Takes both feeds in, compares them in one transaction, adds the months up: killed anywhere, it goes on."""
    ctx.progress(0, _STEPS, phase="entries")
    with ctx.unit_of_work() as uow:
        kinds = SIDES[params.definition]
        brought = reconciliation.refresh_entries(uow, entity_id=params.entity_id, kinds=kinds)
    written = sum(feed.new + feed.changed for feed in brought)
    ctx.log("reconciliation.entries_taken_in", feeds={feed.source.value: [feed.new, feed.changed] for feed in brought})
    ctx.safe_point()
    ctx.progress(1, _STEPS, phase="tidy")
    if written >= _TIDY_FROM:
        reconciliation.tidy_entries(ctx.app.database)
    ctx.progress(2, _STEPS, phase="compare")
    with ctx.unit_of_work() as uow:
        done = reconciliation.run_of_job(uow, job_run_id=ctx.run_id) or _compare(ctx, uow, params)
    if done.new_breaks >= _TIDY_FROM:
        reconciliation.tidy_breaks(ctx.app.database)
    ctx.progress(3, _STEPS, phase="months")
    _add_up(ctx, params)
    ctx.progress(_STEPS, _STEPS, phase="months")
    return {"reconciliation_run": str(done.id), "breaks": dict(done.class_counts), "matched": done.matched}


def _compare(ctx: RunContext, uow: UnitOfWork, params: ReconcileParams) -> reconciliation.RunView:
    done = reconciliation.reconcile(
        uow,
        definition=params.definition,
        entity_id=params.entity_id,
        through=params.through,
        starter=_starter(uow, ctx.run_id, params.on_behalf_of),
        job_run_id=ctx.run_id,
    )
    reconciliation.note_months(uow, run_id=done.id)
    return done


def _add_up(ctx: RunContext, params: ReconcileParams) -> None:
    """The months the run may have changed, one transaction each, so that nobody waits long for a break of one."""
    months: dict[str, Any] = {"entity_id": params.entity_id, "definition": params.definition}
    with ctx.unit_of_work() as uow:
        stale = reconciliation.stale_months(uow, **months)
    for first_day in stale:
        ctx.safe_point()
        with ctx.unit_of_work() as uow:
            reconciliation.roll_month(uow, first_day=first_day, **months)
    add_up_vouchers(ctx, params.entity_id)


@job(reconciliation.BACKTEST)
def backtest(ctx: RunContext, params: reconciliation.BacktestParams) -> dict[str, Any]:
    """Tries a draft of rules on the last runs; what it finds stands with the draft."""
    with ctx.unit_of_work() as uow:
        found = reconciliation.backtest(uow, definition=params.definition, count=params.count)
    return {"runs": found.runs, "more": found.more, "fewer": found.fewer}


@job(reconciliation.REPORT)
def report(ctx: RunContext, params: reconciliation.ReportParams) -> dict[str, Any]:
    """Writes the report to everybody who may sign."""
    with ctx.unit_of_work() as uow:
        return {"letters": reconciliation.send_report(uow, after=params.after)}


@job(reconciliation.NIGHTLY)
def nightly(ctx: RunContext, _: reconciliation.NightlyParams) -> dict[str, Any]:
    """Queues sync → imports → settlement → payouts for each entity, each step after the one before has succeeded."""
    queued, ends = {}, []
    with ctx.unit_of_work() as uow:
        starter = _starter(uow, ctx.run_id, None)
        on_behalf_of = None if starter.id == reconciliation.NOBODY else OnBehalf(id=starter.id, name=starter.name)
        for entity in identity.legal_entities(uow):
            chain = _chain(uow, entity.id, on_behalf_of, f"nightly:{ctx.run_id}:{entity.code}")
            queued[entity.code] = [str(run_id) for run_id in chain]
            ends += chain[-2:]
        runs.enqueue(
            uow,
            kind=reconciliation.REPORT,
            params=reconciliation.ReportParams(),
            after=ends,
            unique_key=f"report:{ctx.run_id}",
        )
    return {"queued": queued}


def _chain(uow: UnitOfWork, entity_id: uuid.UUID, on_behalf_of: OnBehalf | None, key: str) -> list[uuid.UUID]:
    first = [
        runs.enqueue(
            uow, kind=payments.SYNC, params=payments.SyncParams(entity_id=entity_id), unique_key=f"{key}:sync"
        ),
        runs.enqueue(uow, kind=bank.IMPORT, params=bank.ImportParams(entity_id=entity_id), unique_key=f"{key}:bank"),
        runs.enqueue(uow, kind=books.IMPORT, params=books.ImportParams(entity_id=entity_id), unique_key=f"{key}:books"),
    ]
    chain = list(first)
    for definition in (Definition.SETTLEMENT, Definition.PAYOUTS):
        params = ReconcileParams(entity_id=entity_id, definition=definition, on_behalf_of=on_behalf_of)
        after = chain[-1:] if len(chain) > len(first) else first
        chain.append(
            runs.enqueue(uow, kind=reconciliation.RUN, params=params, after=after, unique_key=f"{key}:{definition}")
        )
    return chain


def _starter(uow: UnitOfWork, run_id: uuid.UUID, on_behalf_of: OnBehalf | None) -> Starter:
    """The person behind the engine's run. Only a run that a worker queued, as part of a chain, may name another."""
    row = runs.run_detail(uow, run_id=run_id).run
    if row.started_by_id is not None:
        return Starter(row.started_by_id, row.started_by)
    return (
        Starter(on_behalf_of.id, on_behalf_of.name)
        if on_behalf_of and row.started_by == "worker"
        else Starter(reconciliation.NOBODY, row.started_by)
    )
