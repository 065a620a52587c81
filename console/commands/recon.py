"""`kontor recon …`: run a reconciliation, look at it, check it against what the sandbox planted."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from contextlib import nullcontext
from typing import Annotated, Any

import typer

from console.commands.support import AsJson, answer, application, command_line_actor, table, tell, unit_of_work
from services import bank, books, identity, payments, reconciliation, runs, sandbox
from services.bootstrap import Application
from services.core.errors import Conflict, Invalid, NotFound
from services.core.settings import load_settings
from services.reconciliation import BreakFilter, Definition, RunView
from services.runs import RunState

app = typer.Typer(help="Reconciliation: books ↔ Stripe, payouts ↔ bank.", no_args_is_help=True)

_SETTLED = {RunState.SUCCEEDED, RunState.DEAD, RunState.CANCELLED}
_ALWAYS_TOLD = {
    Definition.SETTLEMENT: (
        "missing_left",
        "missing_right",
        "amount",
        "currency",
        "status",
        "fee",
        "duplicate",
        "timing",
    ),
    Definition.PAYOUTS: ("missing_left", "missing_right", "amount"),
}
_PATIENCE = 3600.0


@app.command()
def run(
    definition: Annotated[Definition, typer.Argument(help="What to compare.")],
    fetch: Annotated[bool, typer.Option(help="Sync and import first what is new.")] = True,
    as_json: AsJson = False,
) -> None:
    """Reconcile every legal entity through yesterday and print what does not agree.

    A worker does it; where none lives, one is started for the time of the command.

    Example: kontor recon run settlement --json
    """
    with application() as application_:
        with application_.database.unit_of_work(command_line_actor()) as uow:
            entities = identity.legal_entities(uow)
        if not entities:
            raise Invalid("There is no legal entity yet. Set one up first, or start the sandbox with `kontor up`.")
        if fetch:
            _fetch(application_, [entity.id for entity in entities])
        with application_.database.unit_of_work(command_line_actor()) as uow:
            started = [reconciliation.start_run(uow, definition=definition, entity_id=entity.id) for entity in entities]
        _await(application_, started)
        with application_.database.unit_of_work(command_line_actor()) as uow:
            found = [reconciliation.run_of_job(uow, job_run_id=run_id) for run_id in started]
    done = [view for view in found if view is not None]
    answer({definition.value: _summary(definition, done)}, _sentence(definition, done), as_json=as_json)


@app.command()
def check(as_json: AsJson = False) -> None:
    """Compare the last runs, record by record, with what the sandbox planted; exit status 1 when they differ.

    Example: kontor recon check --json
    """
    planted = sandbox.truth(load_settings().data_dir)["definitions"]
    with unit_of_work() as uow:
        codes = {entity.id: entity.code for entity in identity.legal_entities(uow)}
        runs_by_definition: dict[str, list[RunView]] = {}
        for view in reconciliation.newest_runs(uow):
            runs_by_definition.setdefault(view.definition.value, []).append(view)
        report = {
            name: _compare(uow, codes, truth, runs_by_definition.get(name, [])) for name, truth in planted.items()
        }
    totals = {key: sum(part[key] for part in report.values()) for key in ("missed", "false", "wrong_matches")}
    lines = [
        f"{name}: " + ", ".join(f"{k} {v}" for k, v in part.items() if k != "details") for name, part in report.items()
    ]
    answer({**totals, "definitions": report}, "\n".join(lines), as_json=as_json)
    if any(totals.values()):
        raise typer.Exit(1)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The last reconciliations, the newest first.

    Example: kontor recon list
    """
    with unit_of_work() as uow:
        names = {entity.id: entity.code for entity in identity.legal_entities(uow)}
        views = reconciliation.recent_runs(uow, limit=20)
    rows = [
        [
            str(view.id),
            view.definition.value,
            names.get(view.entity_id, "?"),
            view.through.isoformat(),
            str(view.matched),
            str(view.breaks),
            _percent(view.deviation_ppm),
            view.signature.signed_by_name if view.signature else "-",
        ]
        for view in views
    ]
    heads = ["run", "definition", "entity", "through", "matched", "breaks", "deviation", "signed by"]
    answer(views, table(heads, rows), as_json=as_json)


@app.command()
def show(run_id: Annotated[uuid.UUID, typer.Argument(help="Its id.")], as_json: AsJson = False) -> None:
    """One reconciliation with its totals.

    Example: kontor recon show 01a20097-3102-7724-a0c0-7fae98ec1413
    """
    with unit_of_work() as uow:
        view = reconciliation.run_by_id(uow, run_id=run_id)
        totals = reconciliation.totals_of(uow, run_id=run_id)
    rows = [
        [total.span.value, total.currency, str(total.left_minor), str(total.right_minor), str(total.difference_minor)]
        for total in totals
    ]
    words = table(["span", "currency", "left (minor)", "right (minor)", "difference (minor)"], rows)
    answer({"run": view, "totals": totals}, f"{_sentence(view.definition, [view])}\n{words}", as_json=as_json)


@app.command()
def verify(run_id: Annotated[uuid.UUID, typer.Argument(help="Its id.")], as_json: AsJson = False) -> None:
    """Compute what a signature stands for again; exit status 1 when it no longer holds.

    Example: kontor recon verify 01a20097-3102-7724-a0c0-7fae98ec1413
    """
    with unit_of_work() as uow:
        proof = reconciliation.verify_signature(uow, run_id=run_id)
    wrong = [name for name, good in proof.checks.items() if not good]
    sentence = f"The signature does not hold: {', '.join(wrong)}." if wrong else f"The signature holds: {proof.digest}"
    answer(proof, sentence, as_json=as_json)
    if wrong:
        raise typer.Exit(1)


def _fetch(app_: Application, entities: list[uuid.UUID]) -> None:
    """Files waiting in the inboxes, and Stripe where it answers; what cannot be fetched is said and left out."""
    tell("Taking in what is new")
    with app_.database.unit_of_work(command_line_actor()) as uow:
        started = {}
        for entity in entities:
            started[runs.enqueue(uow, kind=payments.SYNC, params=payments.SyncParams(entity_id=entity))] = "Stripe"
            started[runs.enqueue(uow, kind=bank.IMPORT, params=bank.ImportParams(entity_id=entity))] = "the bank"
            started[runs.enqueue(uow, kind=books.IMPORT, params=books.ImportParams(entity_id=entity))] = "the books"
    failed = _await(app_, list(started), give_up_at_first_failure=True)
    for name in sorted({started[run_id] for run_id in failed}):
        tell(f"{name[0].upper()}{name[1:]} could not be read; going on with what is there")


def _await(app_: Application, run_ids: list[uuid.UUID], *, give_up_at_first_failure: bool = False) -> list[uuid.UUID]:
    """Waits until the runs have ended; returns those given up. Raises Conflict when one failed for good."""
    waiting, failed = set(run_ids), []
    deadline = time.monotonic() + _PATIENCE
    while waiting and time.monotonic() < deadline:
        for run_id in list(waiting):
            ended, gave_up = _look(app_, run_id, give_up_at_first_failure)
            if ended:
                waiting.discard(run_id)
            if gave_up:
                failed.append(run_id)
        time.sleep(0.1)
    if waiting:
        raise Conflict(f"{len(waiting)} runs have not ended within {_PATIENCE:.0f} s; look at them under Runs.")
    return failed


def _look(app_: Application, run_id: uuid.UUID, may_fail: bool) -> tuple[bool, bool]:
    with app_.database.unit_of_work(command_line_actor()) as uow:
        row = runs.run_detail(uow, run_id=run_id).run
        if row.state is RunState.SUCCEEDED:
            return True, False
        if may_fail and (row.state in _SETTLED or row.failures):
            if row.state not in _SETTLED:
                runs.cancel(uow, run_id=run_id, reason="it failed, and the command goes on without it")
            return True, True
    if row.state in _SETTLED:
        raise Conflict(f"Run {row.number} ended as {row.state}: {row.error or 'no reason was given'}")
    return False, False


def _worker(app_: Application) -> Any:
    """A worker for the time of the block, unless one lives already."""
    with app_.database.unit_of_work(command_line_actor()) as uow:
        if runs.workers_seen(uow).workers:
            return nullcontext()
    tell("No worker lives; starting one")
    return _OwnWorker()


class _OwnWorker:
    """`python -m jobs worker` as a child, told to stop at the end."""

    def __enter__(self) -> None:
        environment = {"KONTOR_LOG_LEVEL": "warning"} | os.environ
        command = [sys.executable, "-m", "jobs", "worker"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _summary(definition: Definition, views: list[RunView]) -> dict[str, Any]:
    counted: Counter[str] = Counter({str(name): 0 for name in _ALWAYS_TOLD[definition]})
    for view in views:
        counted.update(view.class_counts)
    return {
        "breaks": dict(counted),
        "matched": sum(view.matched for view in views),
        "expected": sum(view.expected for view in views),
        "deviation_ppm": max((view.deviation_ppm for view in views), default=0),
        "through": sorted({view.through.isoformat() for view in views}),
        "runs": [str(view.id) for view in views],
    }


def _sentence(definition: Definition, views: list[RunView]) -> str:
    summary = _summary(definition, views)
    named = ", ".join(f"{name} {n}" for name, n in summary["breaks"].items() if n) or "none"
    return (
        f"{definition.value} through {', '.join(summary['through'])}: {summary['matched']} matched; breaks: {named}; "
        f"deviation {_percent(summary['deviation_ppm'])}"
    )


def _line(name: str, part: dict[str, Any]) -> str:
    return f"{name}: " + ", ".join(f"{key} {value}" for key, value in part.items() if key != "details")


def _percent(ppm: int) -> str:
    return f"{ppm / 10_000:.2f} %"


def _compare(uow: Any, codes: dict[uuid.UUID, str], truth: dict[str, Any], views: list[RunView]) -> dict[str, Any]:
    if not views:
        raise NotFound("There is no finished run yet; start `kontor recon run` first.")
    planted = Counter((item["entity"], item["class"], item["key"]) for item in truth["breaks"])
    found: Counter[tuple[str, str, str]] = Counter()
    wrong = []
    for view in views:
        code = codes[view.entity_id]
        wanted = BreakFilter(entity_id=view.entity_id, definition=view.definition, seq=view.seq)
        for row in reconciliation.stream_breaks(uow, filter=wanted):
            found[code, row.break_class.value, row.subject_key] += 1
        if view.definition is Definition.PAYOUTS:
            right = {(item["entity"], item["bank"]): set(item["payouts"]) for item in truth["matches"]}
            for group in reconciliation.groups_of(uow, run_id=view.id):
                if len(group.right) != 1 or right.get((code, group.right[0])) != set(group.left):
                    wrong.append({"entity": code, "payouts": group.left, "bank": group.right, "rule": group.rule})
    missed, false = planted - found, found - planted
    return {
        "planted": planted.total(),
        "found": found.total(),
        "missed": missed.total(),
        "false": false.total(),
        "wrong_matches": len(wrong),
        "details": {"missed": sorted(missed), "false": sorted(false), "wrong_matches": wrong},
    }
