"""`kontor backfills …`: every step of a backfill, from the catalogue to the way back."""

from __future__ import annotations

import json
import time
import uuid
from typing import Annotated, Any

import typer

from console.commands import backfill_calendar
from console.commands.support import AsJson, answer, table, tell, unit_of_work
from services import backfills
from services.backfills import BackfillDetail, BackfillState, Pace
from services.core.errors import Invalid

app = typer.Typer(help="Backfills: change many rows, provably.", no_args_is_help=True)
app.add_typer(backfill_calendar.app, name="calendar")

_Which = Annotated[str, typer.Argument(metavar="BACKFILL", help="Its number (BF-0012 or 12) or its id.")]
_Reason = Annotated[str, typer.Option(help="Stands in the audit log; at least eight characters.")]
_Params = Annotated[str, typer.Option(help="The definition's parameters as JSON.")]
_Wait = Annotated[bool, typer.Option("--wait", help="Wait until the worker is done with it.")]
_NAMED = 5  # rows that a deviation shows without --json
_MOVING = {
    BackfillState.DRY_RUNNING,
    BackfillState.RUNNING,
    BackfillState.VERIFYING,
    BackfillState.ROLLING_BACK,
}


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """What can be run, and the latest backfills.

    Example: kontor backfills list --json
    """
    with unit_of_work() as uow:
        known, made = backfills.catalogue(uow), backfills.backfills(uow)
    words = table(
        ["Definition", "Version", "Table", "Columns"],
        [[one.name, str(one.version), one.table, ", ".join(one.columns)] for one in known],
    )
    rows = [[one.label, one.definition, str(one.state), str(one.predicted or "-"), one.created_by_name] for one in made]
    latest = table(["Backfill", "Definition", "State", "Rows", "By"], rows)
    answer({"definitions": known, "backfills": made}, f"{words}\n\n{latest}", as_json=as_json)


@app.command()
def draft(
    definition: Annotated[str, typer.Argument(help="As listed by `kontor backfills list`.")],
    params: _Params = "{}",
    as_json: AsJson = False,
) -> None:
    """Make a new one. Nothing is counted or changed.

    Example: kontor backfills draft payments.net_minor --params '{"since": "2026-01-01"}'
    """
    with unit_of_work() as uow:
        made = backfills.draft(uow, definition=definition, params=_json(params))
        detail = backfills.backfill_detail(uow, backfill_id=made)
    _say(detail, as_json)


@app.command()
def change(backfill: _Which, params: _Params, as_json: AsJson = False) -> None:
    """Give it other parameters; it is a draft again."""
    _act(backfill, backfills.change_params, as_json, params=_json(params))


@app.command("dry-run")
def dry_run(backfill: _Which, wait: _Wait = False, as_json: AsJson = False) -> None:
    """Measure what would happen; a worker does it, and nothing stays changed."""
    _act(backfill, backfills.start_dry_run, as_json, wait=wait)


@app.command()
def request(backfill: _Which, as_json: AsJson = False) -> None:
    """Ask those the policy names to agree to exactly the dry run."""
    _act(backfill, backfills.ask_approval, as_json)


@app.command()
def start(backfill: _Which, wait: _Wait = False, as_json: AsJson = False) -> None:
    """Use the approval up and begin. When data, code, parameters or dry run are not what was agreed to, it does not
    begin and is a draft again."""
    with unit_of_work() as uow:
        begun = backfills.start(uow, backfill_id=_id(uow, backfill))
    if begun.problem is not None:
        raise backfills.PlanChanged(f"It did not start and is a draft again. {begun.problem}")
    _act(backfill, _nothing, as_json, wait=wait)


@app.command()
def plan(
    backfill: _Which,
    not_before: Annotated[str, typer.Option(help="An instant with its zone, 2026-11-23T22:00+01:00.")] = "",
    as_json: AsJson = False,
) -> None:
    """Begin by itself as soon as a release window is open."""
    _act(
        backfill,
        backfills.plan_start,
        as_json,
        not_before=backfill_calendar.instant(not_before) if not_before else None,
    )


@app.command()
def unplan(backfill: _Which, as_json: AsJson = False) -> None:
    """Forget the planned start; it stays approved."""
    _act(backfill, backfills.forget_plan, as_json)


@app.command()
def explain(
    backfill: _Which,
    check: Annotated[str, typer.Argument(help="The code of the result that deviates.")],
    text: Annotated[str, typer.Option(help="Why; Finance reads it before signing.")],
    as_json: AsJson = False,
) -> None:
    """Say why a result of the verification is not what was promised. Finance is asked anew."""
    _act(backfill, backfills.explain_deviation, as_json, code=check, text=text)


@app.command()
def pause(backfill: _Which, reason: _Reason = "", as_json: AsJson = False) -> None:
    """Stop at the end of the batch."""
    _act(backfill, backfills.pause, as_json, reason=reason or None)


@app.command()
def resume(backfill: _Which, wait: _Wait = False, as_json: AsJson = False) -> None:
    """Go on after the last batch."""
    _act(backfill, backfills.resume, as_json, wait=wait)


@app.command()
def cancel(backfill: _Which, reason: _Reason, as_json: AsJson = False) -> None:
    """End it. What it changed stays until it is rolled back."""
    _act(backfill, backfills.cancel, as_json, reason=reason)


@app.command()
def pace(backfill: _Which, speed: Annotated[Pace, typer.Argument()], as_json: AsJson = False) -> None:
    """Slower or faster from the next batch on."""
    _act(backfill, backfills.set_pace, as_json, pace=speed)


@app.command()
def status(backfill: _Which, as_json: AsJson = False) -> None:
    """Where it stands: progress, why it waits, rows set aside, conflicts."""
    with unit_of_work() as uow:
        detail = backfills.backfill_detail(uow, backfill_id=_id(uow, backfill))
    _say(detail, as_json)


@app.command()
def verify(backfill: _Which, wait: _Wait = False, as_json: AsJson = False) -> None:
    """Measure the checks and the sample once more."""
    _act(backfill, backfills.verify_again, as_json, wait=wait)


@app.command()
def rollback(
    backfill: _Which,
    reason: _Reason,
    emergency: Annotated[bool, typer.Option("--emergency", help="At once; Finance, Ops and Dev are told.")] = False,
    wait: _Wait = False,
    as_json: AsJson = False,
) -> None:
    """Take it back. Rows edited since are left alone and listed. Unless Finance rejected it, this asks for it."""
    _act(backfill, backfills.roll_back, as_json, wait=wait, reason=reason, emergency=emergency)


@app.command()
def follow(
    backfill: _Which,
    windows: Annotated[bool, typer.Option("--windows/--no-windows", help="Go on when the window opens again.")] = True,
    as_json: AsJson = False,
) -> None:
    """Whether it goes on by itself when the window opens that closed on it."""
    _act(backfill, backfills.follow_windows, as_json, follow=windows)


@app.command()
def conflicts(backfill: _Which, after: str = "", as_json: AsJson = False) -> None:
    """Rows that were edited since and that the way back left alone.

    Example: kontor backfills conflicts BF-0012 --json
    """
    with unit_of_work() as uow:
        page = backfills.conflicts(uow, backfill_id=_id(uow, backfill), after=after or None)
    rows = [
        [one.key, json.dumps(dict(one.before)), json.dumps(one.found and dict(one.found)), one.settled or "open"]
        for one in page.rows
    ]
    more = f"\nMore with --after {page.last}" if page.last else ""
    words = table(["Row", "Before", "Now", "Settled"], rows)
    answer(page, f"{words}\n{page.open} open, {page.settled} settled{more}", as_json=as_json)


@app.command()
def settle(
    backfill: _Which,
    how: Annotated[backfills.Settlement, typer.Argument(help="keep the edit, or restore the value from before.")],
    reason: _Reason,
    key: Annotated[list[str] | None, typer.Option(help="A row, again for more; all open ones without it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Settle conflicts one by one or all at once."""
    with unit_of_work() as uow:
        found = _id(uow, backfill)
        done = backfills.settle_conflicts(uow, backfill_id=found, how=how, reason=reason, keys=key or None)
    answer(done, f"{done.settled} settled, {done.left} left", as_json=as_json)


@app.command()
def flag(
    backfill: _Which,
    advance: Annotated[bool, typer.Option("--advance", help="Take the next rollout step.")] = False,
    as_json: AsJson = False,
) -> None:
    """The flag that switches readers to what it filled."""
    with unit_of_work() as uow:
        found = _id(uow, backfill)
        if advance:
            backfills.advance_flag(uow, backfill_id=found)
        tie = backfills.flag_of(uow, backfill_id=found)
    said = "It names no flag."
    if tie is not None:
        where = f"at {tie.standing.percent} %" if tie.standing else "unknown there"
        said = f"{tie.key}: {where if tie.connected else 'no flag service is connected'}"
    answer(tie, said, as_json=as_json)


def _act(backfill: str, act: Any, as_json: bool, *, wait: bool = False, **arguments: Any) -> None:
    with unit_of_work() as uow:
        found = _id(uow, backfill)
        act(uow, backfill_id=found, **arguments)
        detail = backfills.backfill_detail(uow, backfill_id=found)
    if wait:
        tell("Waiting for a worker")
    while wait and detail.backfill.state in _MOVING:
        time.sleep(0.5)
        with unit_of_work() as uow:
            detail = backfills.backfill_detail(uow, backfill_id=found)
    _say(detail, as_json)


def _say(detail: BackfillDetail, as_json: bool) -> None:
    one, progress = detail.backfill, detail.progress
    lines = [f"{one.label} {one.definition}: {one.state}"]
    if one.problem:
        lines.append(one.problem)
    if one.predicted is not None:
        lines.append(f"{one.predicted} rows according to the dry run")
    if progress:
        lines.append(
            f"{progress.direction}: {progress.changed} rows in {progress.batches} batches,"
            f" {progress.rows_per_second} rows/s, {progress.quarantined} set aside, {progress.conflicts} conflicts"
        )
    for red in (red for red in (one.verification or {}).get("results", ()) if not red["held"]):
        lines.append(f"Deviates: {red['code']}, expected {red['expected']}, found {red['found']}")
        lines += [f"  {row['key']}  {json.dumps(row['shown'])}" for row in red.get("named", ())[:_NAMED]]
    if one.hold:
        opens = f", goes on at {one.hold['opens_at']}" if one.hold["opens_at"] else ""
        lines.append(f"Held by {one.hold['by']} since {one.hold['since']}{opens}")
    if one.planned_for:
        lines.append(f"Starts by itself from {one.planned_for.isoformat()} on, as soon as a window is open")
    if one.throttle:
        held = one.throttle
        figures = "" if held["indicator"] in backfills.TARGET_WAITS else f" is {held['value']}, limit {held['limit']}"
        lines.append(f"Waits since {held['since']}: {held['indicator']}{figures}")
    answer(detail, "\n".join(lines), as_json=as_json)


def _nothing(_: Any, *, backfill_id: uuid.UUID) -> None:
    """Only waits and tells."""


def _id(uow: Any, reference: str) -> uuid.UUID:
    return backfills.backfill_named(uow, reference=reference)


def _json(params: str) -> dict[str, Any]:
    try:
        given = json.loads(params)
    except json.JSONDecodeError as error:
        raise Invalid(f"--params is not JSON: {error}.") from error
    if not isinstance(given, dict):
        raise Invalid("--params is an object of the definition's parameters.")
    return given
