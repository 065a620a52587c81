"""The reconciliations a backfill must not disturb, before against after, and the closed periods it touches."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Row, func, select

from services import identity, reconciliation, runs
from services.backfills import statements as sql
from services.backfills.definition import Definition
from services.backfills.models import Backfill
from services.backfills.service import as_console
from services.core.db import UnitOfWork
from services.reconciliation import BreakFilter, PeriodState

_MOST_PERIODS = 5_000
_ROWS_NAMED = 50


def start_runs(uow: UnitOfWork, row: Backfill, definition: Definition, moment: str) -> list[uuid.UUID]:
    """Queues the named reconciliations of every legal entity; what comes next waits for them."""
    console = as_console(uow)
    return [
        runs.enqueue(
            console,
            kind=reconciliation.RUN,
            params=reconciliation.ReconcileParams(entity_id=entity.id, definition=name),
            unique_key=f"backfill:{row.id}:{moment}:{name}:{entity.code}",
        )
        for name in definition.reconciliations
        for entity in identity.legal_entities(console)
    ]


def snapshot(uow: UnitOfWork, definition: Definition) -> list[dict[str, Any]]:
    """How the named reconciliations stand: open breaks by class and currency, and the run that says so."""
    console = as_console(uow)
    newest = {(one.definition, one.entity_id): one for one in reconciliation.newest_runs(console)}
    return [
        _standing(console, name, entity, newest.get((name, entity.id)))
        for name in definition.reconciliations
        for entity in identity.legal_entities(console)
    ]


def _standing(
    console: UnitOfWork,
    name: reconciliation.Definition,
    entity: identity.LegalEntityView,
    run: reconciliation.RunView | None,
) -> dict[str, Any]:
    looking = BreakFilter(definition=name, entity_id=entity.id, states=reconciliation.UNRESOLVED)
    classes = reconciliation.sum_breaks(console, filter=looking).classes if run else ()
    return {
        "definition": name.value,
        "entity": entity.name,
        "entity_id": str(entity.id),
        "run": str(run.id) if run else None,
        "seq": run.seq if run else 0,
        "through": run.through.isoformat() if run else None,
        "classes": [
            {
                "class": one.break_class.value,
                "currency": one.currency,
                "breaks": one.breaks,
                "delta_minor": one.delta_minor,
            }
            for one in classes
        ],
    }


def compared(
    uow: UnitOfWork, before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One result a reconciliation and entity. It holds when no class of no currency has more breaks than before.

    `lines` has each class and currency before and after; `rows` names breaks that came since, if it does not hold.
    """
    former = {(one["definition"], one["entity_id"]): one for one in before}
    results = []
    for one in after:
        was = former.get((one["definition"], one["entity_id"]), {"classes": [], "seq": 0})
        lines = _lines(was, one)
        worse = [line for line in lines if line["after"] > line["before"]]
        results.append(
            {
                "code": f"reconciliation.{one['definition']}.{one['entity']}",
                "expected": sum(line["before"] for line in lines),
                "found": sum(line["after"] for line in lines),
                "held": not worse,
                "reconciliation": {"definition": one["definition"], "entity": one["entity"], "run": one["run"]},
                "lines": lines,
                "rows": _new_breaks(uow, one, was["seq"]) if worse else [],
            }
        )
    return results


def report(
    uow: UnitOfWork,
    row: Backfill,
    definition: Definition,
    *,
    rows: int,
    result: str,
    held: bool | None,
    money: Sequence[reconciliation.MoneyMoved] = (),
) -> None:
    """Queues Finance's report of how the reconciliations stand after this backfill."""
    console = as_console(uow)
    done = reconciliation.BackfillDone(
        name=f"BF-{row.number:04d} {definition.name}",
        columns=tuple(f"{definition.target.name}.{name}" for name in definition.columns),
        finished_at=uow.clock.now(),
        rows=rows,
        result=result,
        verified=held,
        money=tuple(money),
    )
    runs.enqueue(console, kind=reconciliation.REPORT, params=reconciliation.ReportParams(after=done))


def touched_days(
    connection: Connection, definition: Definition, params: BaseModel, bound: str | None
) -> Sequence[Row[*tuple[Any, ...]]]:
    """How many rows of the change belong to which entity and business day; empty for a table without business days."""
    if definition.period is None or bound is None:
        return []
    day, entity = definition.period.day, definition.period.entity
    statement = (
        select(entity.label("entity"), day.label("day"), func.count().label("rows"))
        .where(sql.within(definition, None, bound), definition.rows(params))
        .group_by(entity, day)
    )
    return connection.execute(statement).all()


def closed_periods(uow: UnitOfWork, touched: Sequence[Row[*tuple[Any, ...]]]) -> list[dict[str, Any]]:
    """Signed periods that rows of the change are booked in."""
    if not touched:
        return []
    found = []
    for period in reconciliation.list_periods(as_console(uow), limit=_MOST_PERIODS):
        rows = sum(
            one.rows
            for one in touched
            if one.entity == period.entity_id and period.first_day <= one.day <= period.last_day
        )
        if rows and period.state is PeriodState.SIGNED_OFF:
            found.append(_touched(period, rows))
    return sorted(found, key=lambda one: (one["first_day"], one["span"], one["definition"], one["entity_id"]))


def _touched(period: reconciliation.PeriodView, rows: int) -> dict[str, Any]:
    return {
        "definition": period.definition.value,
        "entity_id": str(period.entity_id),
        "span": period.span.value,
        "first_day": period.first_day.isoformat(),
        "last_day": period.last_day.isoformat(),
        "rows": rows,
    }


def _lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    sides = [{(one["class"], one["currency"]): one for one in side["classes"]} for side in (before, after)]
    none = {"breaks": 0, "delta_minor": 0}
    return [
        {
            "class": key[0],
            "currency": key[1],
            "before": sides[0].get(key, none)["breaks"],
            "after": sides[1].get(key, none)["breaks"],
            "before_minor": sides[0].get(key, none)["delta_minor"],
            "after_minor": sides[1].get(key, none)["delta_minor"],
        }
        for key in sorted({*sides[0], *sides[1]})
    ]


def _new_breaks(uow: UnitOfWork, one: Mapping[str, Any], seq: int) -> list[dict[str, Any]]:
    console = as_console(uow)
    looking = BreakFilter(
        definition=reconciliation.Definition(one["definition"]),
        entity_id=uuid.UUID(one["entity_id"]),
        states=reconciliation.UNRESOLVED,
    )
    found = reconciliation.list_breaks(console, filter=looking, limit=_ROWS_NAMED).rows
    return [
        {"break": row.name, "key": row.subject_key, "class": row.break_class.value, "currency": row.currency}
        for row in found
        if row.since_seq > seq
    ]
