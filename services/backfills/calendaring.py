"""The release calendar: reading it, and editing its windows and freezes."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import or_, select

from services import approvals, audit, identity
from services.backfills.definition import shown_definition
from services.backfills.errors import BadWindow, StaleWindow, WindowNotFound
from services.backfills.models import Backfill
from services.backfills.models_calendar import ReleaseFreeze, ReleaseWindow
from services.backfills.policy import BEFORE_START
from services.backfills.service import require, require_reason
from services.backfills.views_calendar import (
    CalendarView,
    ChangeTime,
    ChangeView,
    FreezeView,
    GateView,
    WindowDraft,
    WindowView,
)
from services.backfills.vocabulary import BackfillState, Pace
from services.backfills.windows import EVERY_DAY, Calendar, Span, Standing, WeeklyWindow, open_spans, standing
from services.core.clock import require_aware
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission

LIFT_APPROVAL = "backfills.lift_freeze"
_LONGEST = dt.timedelta(days=400)


def calendar(uow: UnitOfWork, *, start: dt.datetime, end: dt.datetime) -> CalendarView:
    """Windows, freezes, open time, and what is planned, runs or ran between two aware instants (400 days at most)."""
    uow.actor.require(Permission.BACKFILL_READ)
    start, end = require_aware(start), require_aware(end)
    if not start < end <= start + _LONGEST:
        raise Invalid("A calendar shows up to 400 days, from the earlier to the later one.")
    shown = uow.session.scalars(
        select(ReleaseFreeze)
        .where(ReleaseFreeze.starts_at < end, ReleaseFreeze.ends_at > start)
        .order_by(ReleaseFreeze.starts_at)
    )
    names = _names(uow)
    return CalendarView(
        start,
        end,
        now=gate_now(uow),
        windows=release_windows(uow),
        freezes=tuple(_freeze_view(row, names) for row in shown),
        open_spans=tuple(open_spans(whole_calendar(uow), start, end)),
        changes=_changes(uow, start, end),
    )


def release_windows(uow: UnitOfWork) -> tuple[WindowView, ...]:
    """Those that hold, by name."""
    uow.actor.require(Permission.BACKFILL_READ)
    names = _names(uow)
    rows = uow.session.scalars(
        select(ReleaseWindow).where(ReleaseWindow.retired_at.is_(None)).order_by(ReleaseWindow.name, ReleaseWindow.id)
    )
    return tuple(_window_view(row, names) for row in rows)


def gate_now(uow: UnitOfWork) -> GateView:
    """Whether a backfill may begin at this moment, and when that changes."""
    uow.actor.require(Permission.BACKFILL_READ)
    now = uow.clock.now()
    found = standing(whole_calendar(uow), now)
    held = uow.session.scalar(
        select(ReleaseFreeze)
        .where(ReleaseFreeze.lifted_at.is_(None), ReleaseFreeze.starts_at <= now, ReleaseFreeze.ends_at > now)
        .order_by(ReleaseFreeze.ends_at.desc())
        .limit(1)
    )
    return GateView(found.gate, found.until, _freeze_view(held, _names(uow)) if held else None)


def standing_of(uow: UnitOfWork, row: Backfill) -> Standing:
    """How the calendar stands for one backfill now, its own pace included."""
    whole = whole_calendar(uow)
    return standing(whole.at_night_only(_night_zone(uow)) if row.pace == Pace.NIGHT else whole, uow.clock.now())


def whole_calendar(uow: UnitOfWork) -> Calendar:
    """Every window and freeze that holds. A backfill touches all legal entities, so all of them count."""
    windows = uow.session.scalars(select(ReleaseWindow).where(ReleaseWindow.retired_at.is_(None)))
    freezes = uow.session.scalars(
        select(ReleaseFreeze).where(
            or_(ReleaseFreeze.lifted_at.is_(None), ReleaseFreeze.lifted_at > ReleaseFreeze.starts_at)
        )
    )
    return Calendar(
        tuple(
            WeeklyWindow(row.time_zone, frozenset(row.days), row.opens, row.closes, row.entity_id) for row in windows
        ),
        tuple(Span(row.starts_at, min(row.lifted_at or row.ends_at, row.ends_at)) for row in freezes),
    )


def add_window(uow: UnitOfWork, *, window: WindowDraft) -> uuid.UUID:
    """A weekly window, in its entity's time zone unless it names another. Raises BadWindow."""
    require(uow, Permission.BACKFILL_CALENDAR)
    row = ReleaseWindow(version=1, created_at=uow.clock.now())
    _write(uow, row, window)
    uow.session.add(row)
    uow.session.flush()
    _note(uow, "window", row.id, "added", after=_told(row))
    return row.id


def change_window(uow: UnitOfWork, *, window_id: uuid.UUID, version: int, window: WindowDraft) -> None:
    """Raises StaleWindow when `version` is not the one that was read, BadWindow, WindowNotFound."""
    require(uow, Permission.BACKFILL_CALENDAR)
    row = _window(uow, window_id, version)
    before = _told(row)
    _write(uow, row, window)
    row.version += 1
    _note(uow, "window", row.id, "changed", before=before, after=_told(row))


def remove_window(uow: UnitOfWork, *, window_id: uuid.UUID, version: int) -> None:
    """Takes a window out of the calendar. Without any window, every time outside a freeze is open."""
    require(uow, Permission.BACKFILL_CALENDAR)
    row = _window(uow, window_id, version)
    row.retired_at = uow.clock.now()
    _note(uow, "window", row.id, "removed", before=_told(row))


def add_freeze(
    uow: UnitOfWork, *, reason: str, starts_at: dt.datetime, ends_at: dt.datetime, entity_id: uuid.UUID | None = None
) -> uuid.UUID:
    """A time in which nothing starts, and whatever runs pauses at the next batch. Also at once. Raises BadWindow."""
    require(uow, Permission.BACKFILL_CALENDAR)
    starts_at, ends_at = require_aware(starts_at), require_aware(ends_at)
    if ends_at <= starts_at or ends_at <= uow.clock.now():
        raise BadWindow("A freeze ends after it starts, and in the future.")
    require_reason(reason)
    row = ReleaseFreeze(
        reason=reason.strip(),
        entity_id=entity_id,
        starts_at=starts_at,
        ends_at=ends_at,
        created_by_name=uow.actor.name,
        created_at=uow.clock.now(),
    )
    uow.session.add(row)
    uow.session.flush()
    _note(uow, "freeze", row.id, "added", reason=row.reason, after=_span_told(row))
    return row.id


def lift_freeze(uow: UnitOfWork, *, freeze_id: uuid.UUID, reason: str) -> approvals.RequestView | None:
    """Takes a freeze away. One that has not begun ends at once; for one that holds, others have to agree first.

    The request is returned then, and the freeze holds until it is approved. Raises BadWindow for one that is over.
    """
    require(uow, Permission.BACKFILL_CALENDAR)
    require_reason(reason)
    row = uow.session.get(ReleaseFreeze, freeze_id, with_for_update=True)
    if row is None:
        raise WindowNotFound("There is no such freeze.")
    if row.lifted_at is not None or row.ends_at <= uow.clock.now():
        raise BadWindow("This freeze is over already.")
    if row.starts_at > uow.clock.now():
        lifted(uow, row, reason)
        return None
    asked = approvals.request(
        uow,
        kind=LIFT_APPROVAL,
        subject_type="release_freeze",
        subject_id=row.id,
        entity_id=None,
        content=lift_content(row, reason.strip()),
    )
    row.lift_request_id = asked.id
    _note(uow, "freeze", row.id, "lifting_asked", reason=reason, after={"request": str(asked.id)})
    return asked


def lifted(uow: UnitOfWork, row: ReleaseFreeze, reason: str) -> None:
    """`row` is locked, and the right to lift it was checked."""
    row.lifted_at, row.lifted_reason = uow.clock.now(), reason.strip()
    _note(uow, "freeze", row.id, "lifted", reason=row.lifted_reason, before=_span_told(row))


def lift_content(row: ReleaseFreeze, reason: str) -> dict[str, Any]:
    return {"freeze": str(row.id), "why_frozen": row.reason, "reason": reason, **_span_told(row)}


def _changes(uow: UnitOfWork, start: dt.datetime, end: dt.datetime) -> tuple[ChangeView, ...]:
    began = Backfill.started_at.is_not(None) | Backfill.planned_for.is_not(None)
    found = [_change(row, uow.clock.now()) for row in uow.session.scalars(select(Backfill).where(began))]
    shown = [one for one in found if one.starts_at < end and (one.ends_at or one.starts_at) >= start]
    return tuple(sorted(shown, key=lambda one: one.starts_at))


def _change(row: Backfill, now: dt.datetime) -> ChangeView:
    definition = shown_definition(row.definition)
    planned = row.state in BEFORE_START
    starts_at = row.planned_for if planned and row.planned_for else row.started_at or now
    seconds = ((row.dry_run or {}).get("estimate") or {}).get("seconds", 0)
    over = row.ended_at or row.changed_at
    return ChangeView(
        backfill_id=row.id,
        label=f"BF-{row.number:04d}",
        title=definition.title,
        table=definition.target.name,
        columns=definition.columns,
        state=BackfillState(row.state),
        when=ChangeTime.PLANNED if planned else ChangeTime.PAST if over else ChangeTime.RUNNING,
        starts_at=starts_at,
        ends_at=over or max(starts_at + dt.timedelta(seconds=seconds), starts_at if planned else now),
        rows=row.dry_run["frozen"]["rows"] if row.dry_run else None,
        by_name=row.planned_by_name if planned else row.started_by_name,
    )


def _write(uow: UnitOfWork, row: ReleaseWindow, given: WindowDraft) -> None:
    if not given.name.strip():
        raise BadWindow("A window has a name.")
    if not given.days or not set(given.days) <= EVERY_DAY:
        raise BadWindow("A window opens on at least one day of the week.")
    zone = given.time_zone or _zone_of(uow, given.entity_id)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadWindow(f"“{zone}” is not a time zone; write it like Europe/Berlin.") from None
    row.name, row.entity_id, row.time_zone = given.name.strip(), given.entity_id, zone
    row.days, row.opens, row.closes = sorted(set(given.days)), given.opens, given.closes


def _zone_of(uow: UnitOfWork, entity_id: uuid.UUID | None) -> str:
    found = [one.time_zone for one in identity.legal_entities(uow) if entity_id in (None, one.id)]
    return found[0] if found else "UTC"


def _night_zone(uow: UnitOfWork) -> str:
    return _zone_of(uow, None)


def _window(uow: UnitOfWork, window_id: uuid.UUID, version: int) -> ReleaseWindow:
    row = uow.session.get(ReleaseWindow, window_id, with_for_update=True, populate_existing=True)
    if row is None or row.retired_at is not None:
        raise WindowNotFound("There is no such window.")
    if row.version != version:
        raise StaleWindow("Somebody changed this window since you opened it. Load it again.")
    return row


def _note(uow: UnitOfWork, what: str, subject: uuid.UUID, verb: str, **details: Any) -> None:
    uow.session.flush()
    audit.record(uow, action=f"backfills.{what}.{verb}", subject_type=f"release_{what}", subject_id=subject, **details)


def _told(row: ReleaseWindow) -> dict[str, Any]:
    return {
        "name": row.name,
        "entity": None if row.entity_id is None else str(row.entity_id),
        "time_zone": row.time_zone,
        "days": list(row.days),
        "opens": row.opens.isoformat(),
        "closes": row.closes.isoformat(),
    }


def _span_told(row: ReleaseFreeze) -> dict[str, Any]:
    return {"starts_at": row.starts_at.isoformat(), "ends_at": row.ends_at.isoformat()}


def _names(uow: UnitOfWork) -> dict[uuid.UUID, str]:
    return {one.id: one.name for one in identity.legal_entities(uow)}


def _window_view(row: ReleaseWindow, names: dict[uuid.UUID, str]) -> WindowView:
    return WindowView(
        id=row.id,
        name=row.name,
        entity_id=row.entity_id,
        entity_name=names.get(row.entity_id) if row.entity_id else None,
        time_zone=row.time_zone,
        days=tuple(row.days),
        opens=row.opens,
        closes=row.closes,
        version=row.version,
    )


def _freeze_view(row: ReleaseFreeze, names: dict[uuid.UUID, str]) -> FreezeView:
    return FreezeView(
        id=row.id,
        reason=row.reason,
        entity_id=row.entity_id,
        entity_name=names.get(row.entity_id) if row.entity_id else None,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        created_by_name=row.created_by_name,
        lifted_at=row.lifted_at,
        lifted_reason=row.lifted_reason,
        lift_request_id=row.lift_request_id,
    )
