"""Runs and schedules as the reader reads them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson

from console import routes
from console.design.format import UNKNOWN, Reader
from services import runs
from services.core.clock import UTC, business_day

_DEEDS = frozenset({"started", "paused", "resumed", "cancelled", "retried", "replayed"})
_DEED_ICONS = {"cancelled": "x", "paused": "pause", "resumed": "play", "started": "play"}
_OUTCOME_ICONS = {"succeeded": "check", "dead": "x"}


def run_row(run: runs.RunRow, reader: Reader, entities: dict[str, str]) -> dict[str, str]:
    over = run.state in (runs.RunState.SUCCEEDED, runs.RunState.DEAD, runs.RunState.CANCELLED)
    share, width = progress_of(None if over else run.progress, reader)
    return {
        "id": str(run.id),
        "href": routes.to(routes.RUN, run_id=run.id),
        "number": str(run.number),
        "kind": run.kind,
        "state": shown_state(run),
        "share": share,
        "width": width,
        "started_by": run.started_by,
        "entity": entities.get(str(run.entity_id), UNKNOWN) if run.entity_id else UNKNOWN,
        "queued_at": short_moment(run.created_at, reader),
        "finished_at": short_moment(run.finished_at, reader),
        "duration": duration_of(run, reader),
        "error": run.error or "",
        "attempts": reader.text("runs.attempts_value", used=run.failures, limit=run.max_attempts),
    }


def shown_state(run: runs.RunRow) -> str:
    """The state in a word, with a wish that was not met yet and a run that waits for another."""
    if run.blocked:
        return "waiting"
    if run.state is runs.RunState.RUNNING and run.desired is not runs.Desired.RUN:
        return "pausing" if run.desired is runs.Desired.PAUSE else "cancelling"
    return run.state.value


def progress_of(progress: runs.Progress | None, reader: Reader) -> tuple[str, str]:
    """The sentence and the width of the bar; both empty when the run says nothing of itself."""
    if progress is None:
        return "", ""
    if not progress.total:
        return reader.number(progress.done), ""
    ratio = min(1.0, progress.done / progress.total)
    share = reader.percent(ratio, decimals=0)
    if progress.seconds_left is not None:
        share = reader.text("runs.progress_left", share=share, left=reader.duration(progress.seconds_left))
    return share, f"{ratio * 100:.1f}%"


def duration_of(run: runs.RunRow, reader: Reader) -> str:
    if run.started_at is None:
        return UNKNOWN
    return reader.duration(((run.finished_at or dt.datetime.now(UTC)) - run.started_at).total_seconds())


def short_moment(at: dt.datetime | None, reader: Reader) -> str:
    if at is None:
        return UNKNOWN
    return f"{reader.short_date(business_day(at, reader.time_zone))} {reader.time(at, seconds=True)}"


def detail(found: runs.RunDetail, reader: Reader, entities: dict[str, str]) -> dict[str, str]:
    run, progress = found.run, found.run.progress
    unknown = {"done": "", "phase": "", "rate": UNKNOWN, "left": UNKNOWN, "noted_at": UNKNOWN}
    return run_row(run, reader, entities) | {
        **(unknown if progress is None else _progress(progress, reader)),
        "priority": str(found.priority),
        "schedule": found.schedule_code or reader.text("runs.by_hand"),
        "lease": reader.time(found.lease_until, seconds=True) if found.lease_until else UNKNOWN,
        "params": _json(found.params),
        "result": _json(found.result) if found.result is not None else "",
        "memory": _json(found.memory) if found.memory else "",
        "retry_at": reader.time(run.not_before, seconds=True) if run.state is runs.RunState.RETRY_WAIT else "",
        "traceback": next((a.traceback for a in reversed(found.attempts) if a.traceback), ""),
        "waiting": str(len(found.waited_for_by)),
        "may_go_on": "yes" if found.may_go_on else "",
    }


def _progress(progress: runs.Progress, reader: Reader) -> dict[str, str]:
    done = reader.number(progress.done)
    if progress.total:
        done = reader.text("runs.progress_of", done=done, total=reader.number(progress.total))
    rate = progress.rate
    return {
        "done": done,
        "phase": progress.phase or UNKNOWN,
        "rate": reader.text("runs.rate_value", rate=reader.number(round(rate))) if rate and rate >= 1 else UNKNOWN,
        "left": reader.duration(progress.seconds_left) if progress.seconds_left is not None else UNKNOWN,
        "noted_at": reader.time(progress.noted_at, seconds=True),
    }


def attempt_row(attempt: runs.AttemptView, reader: Reader) -> dict[str, str]:
    end = attempt.finished_at or dt.datetime.now(UTC)
    return {
        "number": str(attempt.number),
        "worker": attempt.worker,
        "since": short_moment(attempt.started_at, reader),
        "duration": reader.duration((end - attempt.started_at).total_seconds()),
        "outcome": attempt.outcome.value if attempt.outcome else "none",
        "error": f"{attempt.error_class}: {attempt.error}" if attempt.error else UNKNOWN,
    }


def log_row(line: runs.LogLine, reader: Reader) -> dict[str, str]:
    return {
        "time": reader.time(line.at, seconds=True),
        "event": line.event,
        "level": line.level,
        "fields": "  ".join(f"{name}={_word(value)}" for name, value in line.fields.items()),
    }


def link_row(link: runs.RunLink) -> dict[str, str]:
    href = routes.to(routes.RUN, run_id=link.id)
    return {"number": str(link.number), "kind": link.kind, "state": link.state.value, "href": href}


def story(found: runs.RunDetail, reader: Reader) -> list[dict[str, str]]:
    """What happened to the run, newest first: queued, tried, steered, ended."""
    run = found.run
    events: list[tuple[dt.datetime, dict[str, str]]] = [
        (run.created_at, _event("inbox", reader.text("runs.event_queued"), who=run.started_by))
    ]
    for attempt in found.attempts:
        text = reader.text("runs.event_attempt", number=attempt.number, worker=attempt.worker)
        events.append((attempt.started_at, _event("play", text)))
    for deed in found.deeds:
        if deed.verb in _DEEDS:
            icon = _DEED_ICONS.get(deed.verb, "rotate-cw")
            said = _event(icon, reader.text(f"runs.deed_{deed.verb}"), who=deed.who, said=deed.reason or "")
            events.append((deed.at, said))
    if run.finished_at is not None:
        key = run.state.value if run.state.value in _OUTCOME_ICONS else "ended"
        icon = _OUTCOME_ICONS.get(run.state.value, "x")
        events.append((run.finished_at, _event(icon, reader.text(f"runs.event_{key}"))))
    events.sort(key=lambda event: event[0], reverse=True)
    return [{**event, "when": reader.time(at, seconds=True)} for at, event in events]


def _event(icon: str, what: str, *, who: str = "", said: str = "") -> dict[str, str]:
    return {"icon": icon, "who": who, "what": what, "said": said}


def rule_words(schedule: runs.ScheduleView, reader: Reader) -> str:
    match schedule.rule:
        case runs.RuleKind.DAILY:
            return reader.text("runs.daily", time=f"{schedule.daily_at:%H:%M}")
        case runs.RuleKind.INTERVAL:
            return reader.text("runs.every", duration=_interval(schedule.every_seconds or 0, reader))
        case runs.RuleKind.CRON:
            return schedule.cron or ""


def _interval(seconds: int, reader: Reader) -> str:
    """A round interval without its empty places: 5 min, 1 h."""
    for length, unit in ((3600, "h"), (60, "min")):
        if seconds % length == 0:
            return f"{reader.number(seconds // length)}\u00a0{unit}"
    return reader.duration(seconds)


def firing_row(firing: runs.FiringPreview, reader: Reader) -> dict[str, str]:
    local, at = firing.local, firing.at
    return {
        "local": f"{reader.date(local.date())}, {local:%H:%M:%S} {local.tzname()}",
        "utc": f"{reader.short_date(at.date())} {at:%H:%M:%S}",
    }


def past_row(firing: runs.FiringView, reader: Reader) -> dict[str, str]:
    if firing.outcome is runs.FiringOutcome.SKIPPED:
        words = reader.text("runs.skipped", count=reader.number(firing.count))
    else:
        words = reader.text("runs.run_number", number=firing.run_number)
    return {
        "when": short_moment(firing.fire_at, reader),
        "text": words,
        "href": "" if firing.run_id is None else routes.to(routes.RUN, run_id=firing.run_id),
    }


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _word(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
