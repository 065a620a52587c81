"""Reading runs, their logs and the schedules."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import aliased

from services import audit
from services.core.clock import UTC
from services.core.db import UnitOfWork
from services.core.log import redact_fields
from services.core.permissions import Permission
from services.runs.errors import InvalidRule, RunNotFound, ScheduleNotFound
from services.runs.kinds import needed_to_go_on
from services.runs.models import Run, RunAttempt, RunDependency, RunLog, Schedule, ScheduleFiring, Worker
from services.runs.presence import ALIVE
from services.runs.rules import Rule
from services.runs.schedules import rule_of
from services.runs.views import (
    AttemptView,
    Deed,
    FiringPreview,
    FiringView,
    LogLine,
    Presence,
    Progress,
    RulePreview,
    RunDetail,
    RunLink,
    RunPage,
    RunRow,
    ScheduleView,
)
from services.runs.vocabulary import (
    AttemptOutcome,
    CatchUp,
    Desired,
    FiringOutcome,
    RuleKind,
    RunState,
    WorkerRole,
)

PREVIEWED = 5


def workers_seen(uow: UnitOfWork) -> Presence:
    """How many workers and clocks live right now. Needs no permission: readiness asks for it."""
    rows = uow.session.execute(
        select(Worker.role, func.count()).where(Worker.stopped_at.is_(None), ALIVE).group_by(Worker.role)
    )
    counted = {row[0]: row[1] for row in rows}
    return Presence(workers=counted.get(WorkerRole.WORKER, 0), clocks=counted.get(WorkerRole.CLOCK, 0))


def list_runs(
    uow: UnitOfWork,
    *,
    states: Sequence[RunState] = (),
    kinds: Sequence[str] = (),
    text: str = "",
    schedule_id: uuid.UUID | None = None,
    older_than: uuid.UUID | None = None,
    newer_than: uuid.UUID | None = None,
    limit: int = 50,
) -> RunPage:
    """Runs of the reader's entities and those of no entity, newest first, by the cursors of a page before.

    `text` is a run's number, or a part of a kind or of who started it.
    """
    statement = _rows(uow).where(*_conditions(states, kinds, text, schedule_id))
    forward = newer_than is None
    cursor = older_than or newer_than
    if cursor is not None:
        statement = statement.where(Run.id < cursor if forward else Run.id > cursor)
    found = uow.session.execute(statement.order_by(Run.id.desc() if forward else Run.id).limit(limit + 1)).all()
    more, found = len(found) > limit, found[:limit]
    rows = [_row(run, blocked) for run, blocked in (found if forward else found[::-1])]
    has_newer, has_older = (cursor is not None, more) if forward else (more, True)
    newer = rows[0].id if rows and has_newer else None
    return RunPage(tuple(rows), newer=newer, older=rows[-1].id if rows and has_older else None)


def count_runs(uow: UnitOfWork, *, since: dt.datetime | None = None) -> dict[RunState, int]:
    """Runs by state; finished ones only when they ended after `since`, if it is given."""
    recent = or_(Run.finished_at.is_(None), Run.finished_at >= since) if since is not None else Run.id.is_not(None)
    rows = uow.session.execute(select(Run.state, func.count()).where(_visible(uow), recent).group_by(Run.state))
    return dict.fromkeys(RunState, 0) | {RunState(row[0]): row[1] for row in rows}


def run_detail(uow: UnitOfWork, *, run_id: uuid.UUID, log_lines: int = 0) -> RunDetail:
    """Everything about one run, with its latest log lines. Raises RunNotFound outside the reader's entities."""
    found = uow.session.execute(_rows(uow).where(Run.id == run_id)).one_or_none()
    if found is None:
        raise RunNotFound(run_id)
    run, blocked = found
    code = select(Schedule.code).where(Schedule.id == run.schedule_id)
    return RunDetail(
        run=_row(run, blocked),
        params=redact_fields(run.params),
        memory=redact_fields(run.memory),
        result=run.result,
        priority=run.priority,
        unique_key=run.unique_key,
        schedule_code=uow.session.scalar(code),
        lease_until=run.lease_until,
        attempts=_attempts(uow, run_id),
        log=tuple(run_log(uow, run_id=run_id, limit=log_lines)) if log_lines else (),
        deeds=_deeds(uow, run_id),
        waits_for=_links(uow, RunDependency.after_id, RunDependency.run_id == run_id),
        waited_for_by=_links(uow, RunDependency.run_id, RunDependency.after_id == run_id),
        may_go_on=all(uow.actor.may(permission, run.entity_id) for permission in needed_to_go_on(run.kind)),
    )


def run_by_number(uow: UnitOfWork, *, number: int) -> uuid.UUID:
    """The id behind the number people say. Raises RunNotFound."""
    found = uow.session.scalar(select(Run.id).where(_visible(uow), Run.number == number))
    if found is None:
        raise RunNotFound(number)
    return found


def run_log(uow: UnitOfWork, *, run_id: uuid.UUID, after: int = 0, limit: int = 200) -> list[LogLine]:
    """The run's own lines after line id `after`, in order; with `after=0` the latest `limit` of them."""
    visible = select(Run.id).where(_visible(uow), Run.id == run_id)
    if uow.session.scalar(visible) is None:
        raise RunNotFound(run_id)
    statement = select(RunLog).where(RunLog.run_id == run_id, RunLog.id > after).limit(limit)
    lines = uow.session.scalars(statement.order_by(RunLog.id if after else RunLog.id.desc())).all()
    ordered = lines if after else lines[::-1]
    return [LogLine(line.id, line.at, line.attempt, line.level, line.event, line.fields) for line in ordered]


def list_schedules(uow: UnitOfWork, *, schedule_id: uuid.UUID | None = None) -> list[ScheduleView]:
    """All schedules (or one) with their next five firings, by code."""
    scope = uow.actor.scope(Permission.RUN_READ)
    visible = or_(Schedule.entity_id.is_(None), scope.allows(Schedule.entity_id))
    statement = select(Schedule).where(visible).order_by(Schedule.code)
    if schedule_id is not None:
        statement = statement.where(Schedule.id == schedule_id)
    return [_schedule(uow, schedule) for schedule in uow.session.scalars(statement)]


def schedule_named(uow: UnitOfWork, *, code: str) -> ScheduleView:
    """Raises ScheduleNotFound."""
    for schedule in list_schedules(uow):
        if schedule.code == code:
            return schedule
    raise ScheduleNotFound(code)


def preview(
    uow: UnitOfWork,
    *,
    time_zone: str,
    cron: str | None = None,
    every_seconds: int | None = None,
    daily_at: dt.time | None = None,
) -> RulePreview:
    """The next five firings of a rule from now on, or what is wrong with it, before anybody saves it."""
    uow.actor.require(Permission.RUN_READ)
    try:
        rule = Rule(time_zone, cron, every_seconds, daily_at)
    except InvalidRule as error:
        return RulePreview((), error.code, error.data, error.sentence)
    return RulePreview(_coming(rule, dt.datetime.now(UTC), PREVIEWED))


def _coming(rule: Rule, after: dt.datetime, count: int, *, not_on: dt.date | None = None) -> tuple[FiringPreview, ...]:
    zone = ZoneInfo(rule.time_zone)
    firings = (f for f in rule.after(after) if f.local_day is None or f.local_day != not_on)
    return tuple(FiringPreview(f.at, f.at.astimezone(zone)) for f in islice(firings, count))


def _conditions(
    states: Sequence[RunState], kinds: Sequence[str], text: str, schedule_id: uuid.UUID | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if states:
        conditions.append(Run.state.in_(states))
    if kinds:
        conditions.append(Run.kind.in_(kinds))
    if schedule_id is not None:
        conditions.append(Run.schedule_id == schedule_id)
    if text.isdecimal():
        conditions.append(Run.number == int(text))
    elif text:
        words = (Run.kind.icontains(text, autoescape=True), Run.started_by_name.icontains(text, autoescape=True))
        conditions.append(or_(*words))
    return conditions


def _visible(uow: UnitOfWork) -> ColumnElement[bool]:
    scope = uow.actor.scope(Permission.RUN_READ)
    return or_(Run.entity_id.is_(None), scope.allows(Run.entity_id))


def _rows(uow: UnitOfWork) -> Select[Run, bool]:
    first = aliased(Run)
    blocked = exists().where(
        RunDependency.run_id == Run.id, first.id == RunDependency.after_id, first.state != RunState.SUCCEEDED
    )
    return select(Run, blocked).where(_visible(uow))


def _row(run: Run, blocked: bool) -> RunRow:
    return RunRow(
        id=run.id,
        number=run.number,
        kind=run.kind,
        entity_id=run.entity_id,
        state=RunState(run.state),
        desired=Desired(run.desired),
        blocked=blocked and run.state == RunState.QUEUED,
        progress=_progress(run),
        failures=run.failures,
        max_attempts=run.max_attempts,
        error=run.error,
        started_by=run.started_by_name,
        started_by_id=run.started_by_id,
        created_at=run.created_at,
        not_before=run.not_before,
        started_at=run.started_at,
        finished_at=run.finished_at,
    )


def _progress(run: Run) -> Progress | None:
    if run.progress_done is None or run.progress_at is None:
        return None
    rate = left = None
    if run.phase_at is not None and run.phase_done is not None and run.progress_at > run.phase_at:
        rate = (run.progress_done - run.phase_done) / (run.progress_at - run.phase_at).total_seconds()
    if rate and run.progress_total is not None and run.state == RunState.RUNNING:
        left = max(0, round((run.progress_total - run.progress_done) / rate))
    return Progress(run.progress_done, run.progress_total, run.progress_phase, rate, left, run.progress_at)


def _attempts(uow: UnitOfWork, run_id: uuid.UUID) -> tuple[AttemptView, ...]:
    rows = uow.session.execute(
        select(RunAttempt, Worker.host, Worker.pid)
        .join(Worker, Worker.id == RunAttempt.worker_id)
        .where(RunAttempt.run_id == run_id)
        .order_by(RunAttempt.number)
    )
    return tuple(
        AttemptView(
            number=attempt.number,
            worker=f"{host}:{pid}",
            started_at=attempt.started_at,
            finished_at=attempt.finished_at,
            outcome=AttemptOutcome(attempt.outcome) if attempt.outcome else None,
            error_class=attempt.error_class,
            error=attempt.error,
            traceback=attempt.traceback,
        )
        for attempt, host, pid in rows
    )


def _deeds(uow: UnitOfWork, run_id: uuid.UUID) -> tuple[Deed, ...]:
    entries = audit.trail(uow, "run", run_id, permission=Permission.RUN_READ)
    return tuple(
        Deed(entry.recorded_at, entry.actor_name, entry.action.rpartition(".")[2], entry.reason)
        for entry in reversed(entries)
    )


def _links(uow: UnitOfWork, target: Any, condition: ColumnElement[bool]) -> tuple[RunLink, ...]:
    rows = uow.session.execute(
        select(Run.id, Run.number, Run.kind, Run.state)
        .where(_visible(uow), Run.id.in_(select(target).where(condition)))
        .order_by(Run.number)
    )
    return tuple(RunLink(row.id, row.number, row.kind, RunState(row.state)) for row in rows)


def _schedule(uow: UnitOfWork, schedule: Schedule) -> ScheduleView:
    latest = _latest(uow, schedule.id)
    days = select(func.max(ScheduleFiring.local_day)).where(ScheduleFiring.schedule_id == schedule.id)
    decided = uow.session.scalar(days)
    coming = () if schedule.paused else _coming(rule_of(schedule), dt.datetime.now(UTC), PREVIEWED, not_on=decided)
    return ScheduleView(
        id=schedule.id,
        code=schedule.code,
        kind=schedule.kind,
        params=redact_fields(schedule.params),
        entity_id=schedule.entity_id,
        rule=RuleKind(schedule.rule),
        cron=schedule.cron,
        every_seconds=schedule.every_seconds,
        daily_at=schedule.daily_at,
        time_zone=schedule.time_zone,
        catch_up=CatchUp(schedule.catch_up),
        paused=schedule.paused,
        version=schedule.version,
        coming=coming,
        latest=latest,
    )


def _latest(uow: UnitOfWork, schedule_id: uuid.UUID) -> tuple[FiringView, ...]:
    rows = uow.session.execute(
        select(ScheduleFiring, Run.number)
        .outerjoin(Run, Run.id == ScheduleFiring.run_id)
        .where(ScheduleFiring.schedule_id == schedule_id)
        .order_by(ScheduleFiring.fire_at.desc())
        .limit(PREVIEWED)
    )
    return tuple(
        FiringView(firing.fire_at, firing.until, firing.count, FiringOutcome(firing.outcome), firing.run_id, number)
        for firing, number in rows
    )
