"""`kontor backfills calendar …`: release windows, freezes, what is planned."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated

import typer

from console.commands.support import AsJson, answer, table, unit_of_work
from services import backfills
from services.core.errors import Invalid

app = typer.Typer(help="Release windows, freezes, and what is planned.", no_args_is_help=True)

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_Reason = Annotated[str, typer.Option(help="Stands in the audit log; at least eight characters.")]


@app.command()
def show(days: Annotated[int, typer.Option(min=1, max=365)] = 14, as_json: AsJson = False) -> None:
    """Windows, freezes and changes from today on.

    Example: kontor backfills calendar show --days 30
    """
    with unit_of_work() as uow:
        start = uow.clock.now()
        seen = backfills.calendar(uow, start=start, end=start + dt.timedelta(days=days))
    windows = [
        [
            str(one.id),
            one.name,
            ",".join(_DAYS[day] for day in one.days),
            f"{one.opens:%H:%M}-{one.closes:%H:%M}",
            one.time_zone,
        ]
        for one in seen.windows
    ]
    freezes = [[str(one.id), one.reason, one.starts_at.isoformat(), one.ends_at.isoformat()] for one in seen.freezes]
    changes = [[one.label, str(one.state), str(one.when), one.starts_at.isoformat()] for one in seen.changes]
    until = f" until {seen.now.until.isoformat()}" if seen.now.until else ""
    text = "\n\n".join(
        [
            f"Now: {seen.now.gate}{until}",
            table(["Window", "Name", "Days", "Times", "Zone"], windows),
            table(["Freeze", "Reason", "From", "To"], freezes),
            table(["Backfill", "State", "When", "From"], changes),
        ]
    )
    answer(seen, text, as_json=as_json)


@app.command("add-window")
def add_window(
    name: str,
    *,
    days: Annotated[str, typer.Option(help="mon,tue,…")],
    opens: Annotated[str, typer.Option(help="Local time, 20:00")],
    closes: Annotated[str, typer.Option(help="Local time; not after `opens` means the next day.")],
    zone: Annotated[str, typer.Option(help="Europe/Berlin; without it that of the first legal entity.")] = "",
    as_json: AsJson = False,
) -> None:
    """Open a weekly window.

    Example: kontor backfills calendar add-window Evenings --days mon,tue,wed,thu --opens 20:00 --closes 06:00
    """
    window = backfills.WindowDraft(name, _days(days), _time(opens), _time(closes), time_zone=zone or None)
    with unit_of_work() as uow:
        made = backfills.add_window(uow, window=window)
    answer({"window": made}, f"Window {made} is open from now on.", as_json=as_json)


@app.command("remove-window")
def remove_window(window: str, as_json: AsJson = False) -> None:
    """Take a window out of the calendar."""
    with unit_of_work() as uow:
        found = [one for one in backfills.release_windows(uow) if str(one.id) == window]
        if not found:
            raise Invalid("There is no such window; `kontor backfills calendar show` lists them.")
        backfills.remove_window(uow, window_id=found[0].id, version=found[0].version)
    answer({"window": found[0].id}, f"Window {found[0].name} is gone.", as_json=as_json)


@app.command()
def freeze(
    reason: _Reason,
    ends: Annotated[str, typer.Option(help="An instant with its zone, 2026-12-31T18:00+01:00.")],
    starts: Annotated[str, typer.Option(help="An instant with its zone; now without it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Let nothing start, and whatever runs pause at its next batch."""
    with unit_of_work() as uow:
        begins = instant(starts) if starts else uow.clock.now()
        made = backfills.add_freeze(uow, reason=reason, starts_at=begins, ends_at=instant(ends))
    answer({"freeze": made}, f"Freeze {made} is laid down.", as_json=as_json)


@app.command()
def lift(freeze: str, reason: _Reason, as_json: AsJson = False) -> None:
    """Take a freeze away; for one that has begun, Ops and Finance have to agree first."""
    with unit_of_work() as uow:
        asked = backfills.lift_freeze(uow, freeze_id=_id(freeze), reason=reason)
    said = f"Request A-{asked.number} waits for Ops and Finance." if asked else "The freeze is lifted."
    answer({"request": asked.id if asked else None}, said, as_json=as_json)


def _days(given: str) -> tuple[int, ...]:
    names = [name.strip().lower() for name in given.split(",")]
    if not set(names) <= set(_DAYS):
        raise Invalid(f"Days are written like {','.join(_DAYS)}.")
    return tuple(_DAYS.index(name) for name in names)


def _time(given: str) -> dt.time:
    try:
        return dt.time.fromisoformat(given)
    except ValueError as error:
        raise Invalid(f"“{given}” is no time; write it like 20:00.") from error


def instant(given: str) -> dt.datetime:
    """Raises Invalid for what is no instant with its zone."""
    try:
        found = dt.datetime.fromisoformat(given)
    except ValueError as error:
        raise Invalid("An instant is written like 2026-12-31T18:00+01:00.") from error
    if found.tzinfo is None:
        raise Invalid("An instant says its zone: 2026-12-31T18:00+01:00.")
    return found


def _id(given: str) -> uuid.UUID:
    try:
        return uuid.UUID(given)
    except ValueError as error:
        raise Invalid("A freeze is named by its id; `kontor backfills calendar show` lists them.") from error
