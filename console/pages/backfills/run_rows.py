"""A backfill at work, as the reader reads it: progress, time of batches, load, rows set aside."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from console.components import line_chart
from console.design.format import UNKNOWN, Reader
from console.design.texts import tr
from console.kit.dry_run import data_size, shown_value
from services.backfills import (
    LIMITS,
    TARGET_SECONDS,
    TARGET_WAITS,
    BackfillView,
    ConflictView,
    LoadView,
    ProgressView,
    SetAside,
)

_TOLERANCE = 0.25  # how far from its target a batch may be


def progress_row(one: BackfillView, progress: ProgressView, reader: Reader) -> dict[str, str]:
    whole = one.predicted or 0
    done = progress.changed + progress.quarantined + progress.conflicts
    ratio = min(1.0, done / whole) if whole else 1.0
    last = progress.last[0] if progress.last else None
    return {
        "share": reader.number(ratio * 100, decimals=1),
        "width": f"{ratio * 100:.1f}%",
        "of": reader.text("backfill_run.rows_of", done=reader.number(done), whole=reader.number(whole)),
        "direction": progress.direction.value,
        "rate": reader.text("backfill_run.per_second", rate=reader.number(progress.rows_per_second)),
        "left": reader.duration(progress.seconds_left) if progress.seconds_left else UNKNOWN,
        "batches": reader.number(progress.batches),
        "p95": reader.duration(progress.p95_ms / 1000),
        "last": ""
        if last is None
        else reader.text(
            "backfill_run.last_batch",
            rows=reader.number(last.changed),
            took=reader.duration(last.milliseconds / 1000),
        ),
        "changed": reader.number(progress.changed),
        "aside": reader.number(progress.quarantined),
        "conflicts": reader.number(progress.conflicts),
        "as_of": reader.time(last.at, seconds=True) if last else "",
    }


def batch_chart(one: BackfillView, progress: ProgressView, reader: Reader) -> dict[str, Any]:
    """The last batches in milliseconds, with the range they aim at."""
    batches = list(reversed(progress.last))
    if len(batches) < 2:
        return {}
    target = TARGET_SECONDS[one.pace] * 1000
    low, high = target * (1 - _TOLERANCE), target * (1 + _TOLERANCE)
    return line_chart(
        [reader.number(batch.number) for batch in batches],
        [batch.milliseconds for batch in batches],
        locale=reader.locale,
        usual=[target] * len(batches),
        band=([low] * len(batches), [high] * len(batches)),
        hover="%{y:,} ms",
    )


def load_rows(load: Sequence[LoadView], reader: Reader) -> list[dict[str, str]]:
    """Every indicator with value, limit and since when it is on its side of that; a dash before the first look."""
    seen = {one.indicator: one for one in load}
    return [
        _load(field.name, getattr(LIMITS, field.name), seen.get(field.name), reader)
        for field in dataclasses.fields(LIMITS)
    ]


def throttle_row(throttle: Mapping[str, Any] | None, database: str, reader: Reader) -> dict[str, str]:
    """Why it waits, and what lets it go on; `database` is the name of its target."""
    if throttle is None:
        return {}
    name = throttle["indicator"]
    started = since(throttle["since"], reader)
    if name in TARGET_WAITS:
        said = reader.text(f"backfill_run.waits_{name}", since=started, name=database)
        return {"indicator": name, "said": said, "body": reader.text("backfill_run.waits_body")}
    figures = {one: measured(name, throttle[one], reader) for one in ("value", "limit")}
    said = reader.text("backfill_run.throttled", indicator=indicator(name, reader), since=started, **figures)
    return {"indicator": name, "said": said, "body": reader.text("backfill_run.throttled_body")}


def hold_row(hold: Mapping[str, Any] | None, reader: Reader) -> dict[str, str]:
    """Who or what paused it, since when, and when it goes on by itself."""
    if hold is None:
        return {}
    by = hold["by"]
    opens = hold.get("opens_at")
    said = reader.text(f"backfill_run.held_{by}", who=hold.get("who") or UNKNOWN, since=since(hold["since"], reader))
    if "indicator" in hold:
        name = hold["indicator"]
        figures = {one: measured(name, hold[one], reader) for one in ("value", "limit")}
        said = reader.text("backfill_run.held_by_load", held=said, indicator=indicator(name, reader), **figures)
    return {
        "by": by,
        "said": said,
        "opens": reader.moment(dt.datetime.fromisoformat(opens)) if opens else "",
    }


def aside_row(one: SetAside, reader: Reader) -> dict[str, str]:
    return {"key": one.key, "batch": reader.number(one.batch), "error": one.error}


def conflict_row(one: ConflictView, reader: Reader) -> dict[str, str]:
    """Values before the backfill, as it left them, and as somebody edited them since."""
    return {
        "key": one.key,
        "before": in_line(one.before, reader),
        "left": in_line(one.left_as, reader),
        "found": in_line(one.found, reader) if one.found is not None else reader.text("backfill_run.row_deleted"),
        "deleted": "" if one.found is not None else "yes",
        "settled": one.settled or "",
        "settled_by": reader.text(
            f"backfill_run.settled_{one.settled}", person=one.settled_by, reason=one.settled_reason
        )
        if one.settled
        else "",
    }


def in_line(values: Mapping[str, Any], reader: Reader) -> str:
    return ", ".join(f"{name} = {shown_value(value, reader)}" for name, value in values.items())


def indicator(name: str, reader: Reader) -> str:
    return tr(reader.locale, f"backfill_run.load_{name}", default=name)


def measured(name: str, value: int, reader: Reader) -> str:
    if name.endswith("_ms"):
        return reader.duration(value / 1000)
    return reader.text("backfill_run.each_second", size=data_size(value, reader))


def since(text: str, reader: Reader) -> str:
    return reader.time(dt.datetime.fromisoformat(text), seconds=True)


def _load(name: str, limit: int, now: LoadView | None, reader: Reader) -> dict[str, str]:
    row = {"name": indicator(name, reader), "limit": measured(name, limit, reader), "over": "", "width": "0%"}
    if now is None:
        return row | {"value": UNKNOWN, "since": UNKNOWN}
    return row | {
        "value": measured(name, now.value, reader),
        "since": reader.time(now.since, seconds=True),
        "over": "yes" if now.over else "",
        "width": f"{min(100.0, 50.0 * now.value / max(limit, 1)):.1f}%",
    }
