"""Schedules: laying down, editing, and turning what is due into runs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from itertools import islice
from typing import Any

from pydantic import BaseModel
from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services import audit
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.runs import kinds
from services.runs.errors import ScheduleNotFound, StaleSchedule
from services.runs.models import Schedule, ScheduleFiring
from services.runs.rules import Firing, Rule, decide
from services.runs.service import enqueue
from services.runs.vocabulary import SCHEDULE_CHANNEL, CatchUp, FiringOutcome, RunKind

_AT_ONCE = 500  # firings decided in one transaction when all are caught up on


def install_schedule(
    uow: UnitOfWork, *, code: str, kind: RunKind, params: BaseModel, rule: Rule, catch_up: CatchUp = CatchUp.LAST
) -> None:
    """Lays a schedule down once. Later edits by people stay: a known code is left as it is."""
    uow.actor.require(Permission.SCHEDULE_EDIT)
    values = {
        "code": code,
        "kind": kind.name,
        "params": params.model_dump(mode="json"),
        "entity_id": kinds.entity_of(kind, params),
        "catch_up": catch_up,
        "watermark": func.now(),
        **_columns(rule),
    }
    created = uow.session.scalar(
        insert(Schedule).values(**values).on_conflict_do_nothing(index_elements=["code"]).returning(Schedule.id)
    )
    if created is not None:
        _audit(uow, "created", created, values["entity_id"], after={"code": code, "kind": kind.name, **_words(rule)})
        _notify(uow)


def edit_schedule(
    uow: UnitOfWork, *, schedule_id: uuid.UUID, version: int, rule: Rule, catch_up: CatchUp, reason: str | None = None
) -> None:
    """Changes when a schedule fires, from now on: a time of the new rule that has passed is not made up for.

    `version` is the one the editor saw; raises StaleSchedule when somebody else was faster.
    """
    schedule = _editable(uow, schedule_id)
    _check_version(schedule, version)
    before = {**_words(rule_of(schedule)), "catch_up": schedule.catch_up}
    now = _now(uow)
    _change(uow, schedule, catch_up=catch_up, watermark=now, **_columns(rule))
    after = {**_words(rule), "catch_up": str(catch_up)}
    _audit(uow, "edited", schedule_id, schedule.entity_id, before=before, after=after, reason=reason)


def change_rule(
    uow: UnitOfWork,
    *,
    schedule_id: uuid.UUID,
    version: int,
    time_zone: str,
    catch_up: CatchUp,
    cron: str | None = None,
    every_seconds: int | None = None,
    daily_at: dt.time | None = None,
    reason: str | None = None,
) -> None:
    """`edit_schedule` from the fields of a form. Raises InvalidRule for what cannot be read."""
    rule = Rule(time_zone, cron, every_seconds, daily_at)
    edit_schedule(uow, schedule_id=schedule_id, version=version, rule=rule, catch_up=catch_up, reason=reason)


def pause_schedule(uow: UnitOfWork, *, schedule_id: uuid.UUID, reason: str | None = None) -> None:
    """No firing starts a run until it is resumed. Pausing a paused one changes nothing."""
    schedule = _editable(uow, schedule_id)
    if not schedule.paused:
        _change(uow, schedule, paused=True)
        _audit(uow, "paused", schedule_id, schedule.entity_id, after={"paused": True}, reason=reason)


def resume_schedule(uow: UnitOfWork, *, schedule_id: uuid.UUID, reason: str | None = None) -> None:
    """Fires again from now on; the firings that passed meanwhile are recorded as skipped."""
    schedule = _editable(uow, schedule_id)
    if not schedule.paused:
        return
    now = _now(uow)
    _record_skipped(uow, schedule.id, rule_of(schedule).due(schedule.watermark, now))
    _change(uow, schedule, paused=False, watermark=now)
    _audit(uow, "resumed", schedule_id, schedule.entity_id, after={"paused": False}, reason=reason)


def fire_due(uow: UnitOfWork, *, schedule_id: uuid.UUID, now: dt.datetime | None = None) -> dt.datetime | None:
    """Decides all firings that are due and starts their runs, in one transaction under the schedule's lock.

    However often and from however many clocks it is called, a firing starts one run at most: the watermark says
    what was decided, and the unique keys of run and firing hold even against a lost watermark. Returns the next
    firing (not in the future when there is more to catch up on), or None while the schedule is paused.
    """
    uow.actor.require(Permission.RUN_EXECUTE)
    schedule = uow.session.get(Schedule, schedule_id, with_for_update=True, populate_existing=True)
    if schedule is None or schedule.paused:
        return None
    now = now or _now(uow)
    rule = rule_of(schedule)
    due = rule.due(schedule.watermark, now)
    catch_up = CatchUp(schedule.catch_up)
    decision = decide(islice(due, _AT_ONCE) if catch_up is CatchUp.ALL else due, catch_up, now)
    _record_skipped(uow, schedule.id, decision.skip)
    _start(uow, schedule, decision.start)
    if len(decision.start) == _AT_ONCE:
        now = decision.start[-1].at
    watermark = max(schedule.watermark, now)
    uow.session.execute(update(Schedule).where(Schedule.id == schedule_id).values(watermark=watermark))
    return next(firing.at for firing in rule.after(watermark))


def next_firings(uow: UnitOfWork) -> dict[uuid.UUID, dt.datetime]:
    """When each schedule that is not paused fires next; in the past when it is overdue."""
    uow.actor.require(Permission.RUN_EXECUTE)
    schedules = uow.session.scalars(select(Schedule).where(Schedule.paused.is_(False)))
    return {schedule.id: next(rule_of(schedule).after(schedule.watermark)).at for schedule in schedules}


def rule_of(schedule: Schedule) -> Rule:
    return Rule(schedule.time_zone, schedule.cron, schedule.every_seconds, schedule.daily_at)


def _start(uow: UnitOfWork, schedule: Schedule, firings: Iterable[Firing]) -> None:
    kind = kinds.kind_named(schedule.kind)
    params = kinds.validated(kind, schedule.params)
    for firing in firings:
        if firing.local_day is not None and _fired_on(uow, schedule.id, firing.local_day):
            continue
        key = f"schedule:{schedule.id}:{firing.local_day or firing.at.isoformat()}"
        run_id = enqueue(uow, kind=kind, params=params, unique_key=key, schedule_id=schedule.id)
        values = {"schedule_id": schedule.id, "fire_at": firing.at, "until": firing.at, "local_day": firing.local_day}
        uow.session.execute(
            insert(ScheduleFiring)
            .values(**values, outcome=FiringOutcome.STARTED, run_id=run_id)
            .on_conflict_do_nothing()
        )


def _fired_on(uow: UnitOfWork, schedule_id: uuid.UUID, day: dt.date) -> bool:
    found = select(ScheduleFiring.fire_at).where(
        ScheduleFiring.schedule_id == schedule_id, ScheduleFiring.local_day == day
    )
    return uow.session.scalar(found) is not None


def _record_skipped(uow: UnitOfWork, schedule_id: uuid.UUID, firings: Iterable[Firing]) -> None:
    first = last = None
    count = 0
    for count, firing in enumerate(firings, start=1):  # noqa: B007 - counted without keeping millions of them
        first, last = first or firing, firing
    if first is None or last is None:
        return
    values = {"schedule_id": schedule_id, "fire_at": first.at, "until": last.at, "count": count}
    uow.session.execute(insert(ScheduleFiring).values(**values, outcome=FiringOutcome.SKIPPED).on_conflict_do_nothing())


def _editable(uow: UnitOfWork, schedule_id: uuid.UUID) -> Schedule:
    scope = uow.actor.scope(Permission.SCHEDULE_EDIT)
    schedule = uow.session.get(Schedule, schedule_id, with_for_update=True, populate_existing=True)
    if schedule is None or (schedule.entity_id is not None and schedule.entity_id not in scope):
        raise ScheduleNotFound(schedule_id)
    return schedule


def _check_version(schedule: Schedule, version: int) -> None:
    if schedule.version != version:
        raise StaleSchedule(
            f"Somebody else changed “{schedule.code}” meanwhile; look at it again, then save.",
            **_words(rule_of(schedule)),
        )


def _change(uow: UnitOfWork, schedule: Schedule, **values: Any) -> None:
    values = {**values, "version": Schedule.version + 1, "updated_at": func.now()}
    uow.session.execute(update(Schedule).where(Schedule.id == schedule.id).values(**values))
    uow.session.expire(schedule)
    _notify(uow)


def _columns(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.kind,
        "cron": rule.cron,
        "every_seconds": rule.every_seconds,
        "daily_at": rule.daily_at,
        "time_zone": rule.time_zone,
    }


def _words(rule: Rule) -> dict[str, Any]:
    at = rule.daily_at and rule.daily_at.isoformat("minutes")
    columns = _columns(rule) | {"rule": rule.kind.value, "daily_at": at}
    return {name: value for name, value in columns.items() if value is not None}


def _now(uow: UnitOfWork) -> dt.datetime:
    """The database's clock: every clock process agrees on it."""
    return uow.session.scalars(select(func.clock_timestamp())).one()


def _notify(uow: UnitOfWork) -> None:
    uow.session.execute(text("SELECT pg_notify(:channel, '')"), {"channel": SCHEDULE_CHANNEL})


def _audit(uow: UnitOfWork, verb: str, schedule_id: uuid.UUID, entity_id: uuid.UUID | None, **details: Any) -> None:
    audit.record(
        uow,
        action=f"runs.schedule.{verb}",
        subject_type="schedule",
        subject_id=schedule_id,
        entity_id=entity_id,
        **details,
    )
