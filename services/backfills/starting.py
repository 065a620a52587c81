"""Beginning: now or when the window opens, and only with exactly what was agreed to."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from services import approvals, runs
from services.backfills import announcing, freezing, ledger, measuring, reconciling
from services.backfills.calendaring import standing_of
from services.backfills.definition import code_digest, definition_named, shown_definition
from services.backfills.errors import BadDefinition, IllegalStep, OutsideWindow
from services.backfills.freezing import says_what_moves
from services.backfills.models import Backfill
from services.backfills.policy import check_step
from services.backfills.service import (
    MEASURED_NET,
    S,
    agreed_content,
    as_console,
    back_to_draft,
    checked_params,
    locked,
    move,
    note,
    require,
    unplan,
)
from services.backfills.targets import at_target
from services.backfills.views import Start
from services.backfills.vocabulary import EXECUTE, BackfillParams
from services.backfills.windows import Gate
from services.core.clock import require_aware
from services.core.db import UnitOfWork
from services.core.permissions import Permission


def start(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> Start:
    """Uses the approval up and queues the work. Rows, checksum and money are measured anew first.

    When data, code, parameters or dry run are not what was agreed to, nothing starts: it is a draft again, and
    `Start.problem` says why. Raises OutsideWindow, IllegalStep, approvals.NotApproved.
    """
    require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    check_step(S(row.state), S.RUNNING)
    if row.state != S.APPROVED or row.request_id is None or row.dry_run is None:
        raise IllegalStep(row.state, S.RUNNING)
    check_gate(uow, row)
    problem = _difference(uow, row, row.request_id, row.dry_run["frozen"])
    if problem is not None:
        return refused(uow, row, problem)
    return Start(_begin(uow, row, row.request_id, row.dry_run["frozen"]), None)


def plan_start(uow: UnitOfWork, *, backfill_id: uuid.UUID, not_before: dt.datetime | None = None) -> None:
    """Begins by itself as soon as a window is open (and, with `not_before`, not earlier). Raises IllegalStep."""
    require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    if row.state != S.APPROVED:
        raise IllegalStep(row.state, S.RUNNING)
    earliest = max(require_aware(not_before), uow.clock.now()) if not_before else uow.clock.now()
    row.planned_for, row.planned_by, row.planned_by_name = earliest, uow.actor.id, uow.actor.name
    note(uow, row, "start_planned", after={"not_before": earliest.isoformat()})
    announcing.announce(uow, row, "planned")


def forget_plan(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> None:
    """It stays approved and waits for somebody to start it."""
    require(uow, Permission.BACKFILL_RUN)
    row = locked(uow, backfill_id)
    if row.planned_for is not None:
        unplan(row)
        note(uow, row, "plan_dropped")


def start_planned(uow: UnitOfWork, row: Backfill) -> Start:
    """The planned start of a locked row; the person who planned it is its starter."""
    by, by_name = row.planned_by, row.planned_by_name
    started = start(uow, backfill_id=row.id)
    if started.run_id is not None:
        row.started_by, row.started_by_name = by, by_name
        uow.session.flush()
    return started


def check_gate(uow: UnitOfWork, row: Backfill) -> None:
    """Raises OutsideWindow."""
    found = standing_of(uow, row)
    if not found.is_open:
        why = "There is a freeze" if found.gate is Gate.FROZEN else "No release window is open"
        opens = f"; the next opening is {found.until:%Y-%m-%d %H:%M} UTC" if found.until else ""
        raise OutsideWindow(f"{why}{opens}.", opens_at=found.until.isoformat() if found.until else None)


def _difference(uow: UnitOfWork, row: Backfill, request_id: uuid.UUID, agreed: dict[str, Any]) -> str | None:
    """What would be done now that was not agreed to; None when it is exactly that."""
    if row.dry_run is not None and not says_what_moves(row.dry_run):
        return MEASURED_NET
    asked = approvals.request_detail(as_console(uow), request_id=request_id).request
    content = agreed_content(row, agreed)
    changed = [name for name in content if content[name] != asked.content.get(name)]
    if changed:
        return f"Not what was agreed to any more: {', '.join(changed)}."
    definition = definition_named(row.definition)
    params = checked_params(definition, row.params)
    with at_target(uow, definition, long=True, keep=False) as connection:
        now = freezing.frozen(connection, definition, params, agreed["bound"])
        touched = reconciling.touched_days(connection, definition, params, agreed["bound"])
        broken = measuring.broken_before(connection, definition, params)
    if broken:
        return f"What has to hold before it runs does not: {', '.join(broken)}."
    closed = reconciling.closed_periods(uow, touched)
    if [_named(one) for one in closed] != [_named(one) for one in content["closed_periods"]]:
        return "Periods that it touches were closed or opened since the dry run."
    if now["rows"] != agreed["rows"]:
        return f"The data changed: the dry run saw {agreed['rows']} rows, now there are {now['rows']}."
    return None if now == agreed else "The data changed: the same number of rows, with other values."


def refused(uow: UnitOfWork, row: Backfill, problem: str) -> Start:
    """Back to draft, with the reason in the audit log."""
    back_to_draft(uow, row, problem)
    note(uow, row, "start_refused", reason=problem)
    return Start(None, problem)


def outdated(row: Backfill) -> str | None:
    """Why nothing can start from this dry run any more, whatever the data; None as long as it can."""
    if _code_changed(row):
        return "The definition's code changed after the dry run."
    return MEASURED_NET if row.dry_run is not None and not says_what_moves(row.dry_run) else None


def _code_changed(row: Backfill) -> bool:
    """Whether the definition's code is not that of the dry run, is not there any more, or takes other parameters."""
    definition = shown_definition(row.definition)
    if row.dry_run is None or not definition.columns:
        return row.dry_run is not None
    try:
        params = checked_params(definition, row.dry_run["params"])
    except BadDefinition:
        return True
    return row.dry_run["code"] != code_digest(definition, params)


def _begin(uow: UnitOfWork, row: Backfill, request_id: uuid.UUID, agreed: dict[str, Any]) -> uuid.UUID:
    plan = agreed_content(row, agreed)
    approvals.consume(uow, request_id=request_id, content=plan)
    row.consumed_request_id, row.plan = request_id, plan
    unplan(row)
    move(uow, row, S.RUNNING)
    row.started_by, row.started_by_name, row.started_at = uow.actor.id, uow.actor.name, uow.clock.now()
    definition = definition_named(row.definition)
    ledger.lay_down(uow.session.connection())
    before = reconciling.start_runs(uow, row, definition, "before")
    row.baseline = {"runs": [str(one) for one in before], "before": None}
    row.run_id = run_id = runs.enqueue(uow, kind=EXECUTE, params=BackfillParams(backfill_id=row.id), after=before)
    note(uow, row, "started", after={"request": str(request_id), "rows": agreed["rows"]})
    announcing.announce(uow, row, "started")
    return run_id


def _named(period: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(period[name]) for name in ("definition", "entity_id", "first_day", "last_day"))
