"""`kontor runs …`: what is at work, what failed, and what starts by itself."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable
from typing import Annotated, Any

import typer

from console.commands.support import AsJson, answer, table, unit_of_work
from services import runs
from services.core.db import UnitOfWork
from services.core.errors import Invalid

app = typer.Typer(help="Runs, their logs, and the schedules that start them.", no_args_is_help=True)
schedules = typer.Typer(help="What starts by itself, and when next.")
app.add_typer(schedules, name="schedules")

_Run = Annotated[str, typer.Argument(metavar="RUN", help="The number or the id of the run.")]
_Code = Annotated[str, typer.Argument(metavar="CODE", help="The schedule's code.")]
_Reason = Annotated[str | None, typer.Option(help="Stands in the audit log.")]


@app.command("list")
def list_runs(
    state: Annotated[list[runs.RunState] | None, typer.Option(help="May be repeated.")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="May be repeated.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 30,
    as_json: AsJson = False,
) -> None:
    """The latest runs.

    \b
    Examples:
      kontor runs list --state running --state queued
      kontor runs list --kind payments.sync --json
    """
    with unit_of_work() as uow:
        found = runs.list_runs(uow, states=state or (), kinds=kind or (), limit=limit).rows
    rows = [
        [str(r.number), r.kind, _state(r), _progress(r.progress), r.started_by, _moment(r.created_at)] for r in found
    ]
    answer(found, table(["Run", "Kind", "State", "Progress", "Started by", "Queued"], rows), as_json=as_json)


@app.command()
def show(run: _Run, as_json: AsJson = False) -> None:
    """One run with its parameters, attempts and result."""
    with unit_of_work() as uow:
        detail = runs.run_detail(uow, run_id=_run_id(uow, run))
    answer(detail, _sentences(detail), as_json=as_json)


@app.command()
def log(run: _Run, as_json: AsJson = False) -> None:
    """What a run wrote about itself."""
    with unit_of_work() as uow:
        lines = runs.run_log(uow, run_id=_run_id(uow, run), limit=1000)
    said = [f"{_moment(line.at)}  {line.event}  {json.dumps(line.fields)}" for line in lines]
    answer(lines, "\n".join(said) or "The run wrote nothing.", as_json=as_json)


@app.command()
def kinds(as_json: AsJson = False) -> None:
    """The kinds of runs there are, with the parameters they take."""
    found = runs.declared_kinds()
    data = [{"kind": kind.name, "params": kind.params.model_json_schema()} for kind in found]
    rows = [[kind.name, ", ".join(kind.params.model_fields) or "none", str(kind.concurrency)] for kind in found]
    answer(data, table(["Kind", "Parameters", "At once"], rows), as_json=as_json)


@app.command()
def start(
    kind: Annotated[str, typer.Argument(help="As listed by `kontor runs kinds`.")],
    params: Annotated[str, typer.Option(help="The parameters as JSON.")] = "{}",
    priority: Annotated[int | None, typer.Option(help="A lower one goes first.")] = None,
    as_json: AsJson = False,
) -> None:
    """Queue a run; a worker takes it at once.

    Example: kontor runs start payments.sync --params '{"entity_id": "…"}'
    """
    try:
        given = json.loads(params)
    except json.JSONDecodeError as error:
        raise Invalid(f"--params is not JSON: {error}.") from error
    with unit_of_work() as uow:
        run_id = runs.start(uow, kind=kind, params=given, priority=priority)
        number = runs.run_detail(uow, run_id=run_id).run.number
    answer({"id": run_id, "number": number}, f"Run {number} is queued.", as_json=as_json)


@app.command()
def cancel(run: _Run, reason: _Reason = None, as_json: AsJson = False) -> None:
    """End a run for good, and all that waits for it."""
    _steer(run, as_json, lambda uow, run_id: runs.cancel(uow, run_id=run_id, reason=reason))


@app.command()
def pause(run: _Run, reason: _Reason = None, as_json: AsJson = False) -> None:
    """Stop a run at its next safe point."""
    _steer(run, as_json, lambda uow, run_id: runs.pause(uow, run_id=run_id, reason=reason))


@app.command()
def resume(run: _Run, reason: _Reason = None, as_json: AsJson = False) -> None:
    """Let a paused run go on where it stopped."""
    _steer(run, as_json, lambda uow, run_id: runs.resume(uow, run_id=run_id, reason=reason))


@app.command()
def retry(run: _Run, as_json: AsJson = False) -> None:
    """Try a run again now instead of waiting, or a dead letter once more."""
    _steer(run, as_json, lambda uow, run_id: runs.retry(uow, run_id=run_id))


@app.command()
def replay(
    run: Annotated[
        list[str] | None, typer.Argument(metavar="[RUN]…", help="Numbers or ids; all when left out.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put dead letters back into the queue, at most 1,000 at once."""
    with unit_of_work() as uow:
        dead = runs.list_runs(uow, states=[runs.RunState.DEAD], kinds=[kind] if kind else (), limit=1000).rows
        chosen = [_run_id(uow, reference) for reference in run] if run else [row.id for row in dead]
        count = runs.replay(uow, run_ids=chosen)
    answer({"replayed": count}, f"{count} dead letters are queued again.", as_json=as_json)


@schedules.callback(invoke_without_command=True)
def list_schedules(context: typer.Context, as_json: AsJson = False) -> None:
    """Every schedule with its rule and next firing."""
    if context.invoked_subcommand is not None:
        return
    with unit_of_work() as uow:
        found = runs.list_schedules(uow)
    rows = [[s.code, s.kind, _rule(s), s.time_zone, s.catch_up.value, _next(s)] for s in found]
    answer(found, table(["Schedule", "Starts", "When", "Zone", "Catch-up", "Next"], rows), as_json=as_json)


@schedules.command("show")
def show_schedule(code: _Code, as_json: AsJson = False) -> None:
    """The next five firings in local time and UTC."""
    with unit_of_work() as uow:
        found = runs.schedule_named(uow, code=code)
    rows = [[f"{firing.local:%a %Y-%m-%d %H:%M:%S %Z}", f"{firing.at:%a %Y-%m-%d %H:%M:%S}"] for firing in found.coming]
    answer(found, table(["Local", "UTC"], rows), as_json=as_json)


@schedules.command("edit")
def edit_schedule(  # noqa: PLR0917 - the options of a command, always given by name
    code: _Code,
    cron: Annotated[str | None, typer.Option(help="Five fields, weekdays by name: “30 2 * * mon-fri”.")] = None,
    every: Annotated[int | None, typer.Option(help="Seconds.")] = None,
    daily: Annotated[str | None, typer.Option(help="Local time of day: 02:30.")] = None,
    zone: Annotated[str | None, typer.Option(help="Such as Europe/Berlin.")] = None,
    catch_up: Annotated[runs.CatchUp | None, typer.Option(help="What becomes of missed firings.")] = None,
    reason: _Reason = None,
    as_json: AsJson = False,
) -> None:
    """Change when a schedule fires; a running clock obeys within moments.

    Example: kontor runs schedules edit nightly --daily 03:15
    """
    with unit_of_work() as uow:
        former = runs.schedule_named(uow, code=code)
        if cron is None and every is None and daily is None:
            cron, every, at = former.cron, former.every_seconds, former.daily_at
        else:
            at = _time(daily) if daily is not None else None
        rule = runs.Rule(zone or former.time_zone, cron=cron, every_seconds=every, daily_at=at)
        runs.edit_schedule(
            uow,
            schedule_id=former.id,
            version=former.version,
            rule=rule,
            catch_up=catch_up or former.catch_up,
            reason=reason,
        )
        found = runs.schedule_named(uow, code=code)
    answer(found, f"{code} fires next at {_next(found)}.", as_json=as_json)


@schedules.command("pause")
def pause_schedule(code: _Code, reason: _Reason = None, as_json: AsJson = False) -> None:
    """Let it start nothing until it is resumed."""
    with unit_of_work() as uow:
        runs.pause_schedule(uow, schedule_id=runs.schedule_named(uow, code=code).id, reason=reason)
    answer({"code": code, "paused": True}, f"{code} is paused.", as_json=as_json)


@schedules.command("resume")
def resume_schedule(code: _Code, reason: _Reason = None, as_json: AsJson = False) -> None:
    """Fire again from now on; what passed meanwhile is recorded as skipped."""
    with unit_of_work() as uow:
        runs.resume_schedule(uow, schedule_id=runs.schedule_named(uow, code=code).id, reason=reason)
        found = runs.schedule_named(uow, code=code)
    answer({"code": code, "paused": False}, f"{code} fires next at {_next(found)}.", as_json=as_json)


def _steer(run: str, as_json: bool, wish: Callable[[UnitOfWork, uuid.UUID], runs.RunState]) -> None:
    with unit_of_work() as uow:
        run_id = _run_id(uow, run)
        wish(uow, run_id)
        row = runs.run_detail(uow, run_id=run_id).run
    answer(row, f"Run {row.number} is {_state(row)}.", as_json=as_json)


def _run_id(uow: UnitOfWork, reference: str) -> uuid.UUID:
    if reference.isdecimal():
        return runs.run_by_number(uow, number=int(reference))
    try:
        return uuid.UUID(reference)
    except ValueError:
        raise Invalid(f"“{reference}” is neither a run's number nor its id.") from None


def _time(text: str) -> dt.time:
    try:
        return dt.time.fromisoformat(text)
    except ValueError:
        raise Invalid(f"“{text}” is not a time of day; write it like 02:30.") from None


def _sentences(detail: runs.RunDetail) -> str:
    facts: dict[str, Any] = {
        "run": detail.run.number,
        "kind": detail.run.kind,
        "state": _state(detail.run),
        "progress": _progress(detail.run.progress),
        "started by": detail.run.started_by,
        "params": json.dumps(detail.params),
        "result": json.dumps(detail.result) if detail.result is not None else "",
        "error": detail.run.error or "",
    }
    attempts = [
        [str(a.number), a.worker, _moment(a.started_at), a.outcome.value if a.outcome else "at work", a.error or ""]
        for a in detail.attempts
    ]
    lines = [f"{name:<11} {value}" for name, value in facts.items() if value != ""]
    return "\n".join([*lines, "", table(["Attempt", "Worker", "Since", "Outcome", "Error"], attempts)])


def _state(row: runs.RunRow) -> str:
    if row.blocked:
        return "waiting for another"
    asked = {runs.Desired.PAUSE: " (asked to pause)", runs.Desired.CANCEL: " (asked to end)"}
    return row.state.value + (asked.get(row.desired, "") if row.state is runs.RunState.RUNNING else "")


def _progress(progress: runs.Progress | None) -> str:
    if progress is None:
        return ""
    total = f" of {progress.total:,}" if progress.total is not None else ""
    left = f", {progress.seconds_left} s left" if progress.seconds_left is not None else ""
    return f"{progress.phase or ''} {progress.done:,}{total}{left}".strip()


def _rule(schedule: runs.ScheduleView) -> str:
    match schedule.rule:
        case runs.RuleKind.CRON:
            return schedule.cron or ""
        case runs.RuleKind.INTERVAL:
            return f"every {schedule.every_seconds} s"
        case runs.RuleKind.DAILY:
            return f"daily {schedule.daily_at:%H:%M}"


def _next(schedule: runs.ScheduleView) -> str:
    return "paused" if schedule.paused else f"{schedule.coming[0].local:%a %Y-%m-%d %H:%M:%S %Z}"


def _moment(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
