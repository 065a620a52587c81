"""The dry run: what would happen, measured on the data as it is, with everything rolled back."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, Integer, Numeric, Select, String, cast, func, select, text

from services.backfills import ledger
from services.backfills import statements as sql
from services.backfills.batching import Plan, change_stretch
from services.backfills.definition import Check, Definition, PythonBackfill, SqlBackfill, code_digest
from services.backfills.freezing import changes_of, computed, frozen
from services.backfills.images import images_of, key_of, make_images, name_of
from services.backfills.vocabulary import Expect

_RANDOM_ROWS = 20
_EXTREME_ROWS = 2
_WARM_UP_ROWS = 100
_TRIAL_ROWS = 5_000
_SECONDS_A_ROW_WALKED = 2e-7  # past it in the index, whether it changes or not
_INDEXES = text(
    """
    SELECT i.relname AS name, pg_relation_size(i.oid) AS bytes FROM pg_index x
    JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_attribute a ON a.attrelid = x.indrelid
    WHERE x.indrelid = CAST(:table AS regclass) AND a.attname = ANY(:columns) AND EXISTS (
        SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = x.indexrelid
            AND d.refobjid = x.indrelid AND d.refobjsubid = a.attnum)
    GROUP BY 1, 2 ORDER BY 1
    """
)
# What a transaction holds beyond reading: tables first, then their indexes.
_LOCKS = text(
    """
    SELECT c.relname AS name, l.mode, c.relkind = 'i' AS is_index FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.pid = pg_backend_pid() AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.mode <> 'AccessShareLock' AND c.relnamespace NOT IN (
            SELECT oid FROM pg_namespace WHERE nspname IN ('kontor_backfill', 'pg_catalog', 'pg_toast'))
    ORDER BY 3, 1, 2
    """
)
_TRIGGERS = text(
    "SELECT tgname FROM pg_trigger WHERE tgrelid = CAST(:table AS regclass) AND NOT tgisinternal AND tgenabled <> 'D'"
)


def measured(connection: Connection, definition: Definition, params: BaseModel, *, number: int) -> dict[str, Any]:
    """The whole document of a dry run, in canonical JSON values. Nothing of it stays in the target."""
    bound = sql.last_key(connection, definition)
    document: dict[str, Any] = {
        "definition": definition.name,
        "version": definition.version,
        "code": code_digest(definition, params),
        "params": params.model_dump(mode="json"),
        "frozen": frozen(connection, definition, params, bound),
        "checks": [{"code": one.code, "before": value_of(connection, one)} for one in definition.checks(params)],
        "indexes": _indexes(connection, definition),
        "triggers": [str(name) for name in connection.scalars(_TRIGGERS, {"table": name_of(definition)})],
        "locks": [],
        "turn": definition.lock,
        "sample": [],
        "explain": [],
        "estimate": {"seconds": 0, "before_image_bytes": 0, "trial_rows": 0, "trial_ms": 0},
    }
    if bound is not None and document["frozen"]["rows"]:
        document["sample"] = sample(connection, definition, params, bound)
        document |= _trial(connection, definition, params, bound=bound, number=number, rows=document["frozen"]["rows"])
    return document


def value_of(connection: Connection, check: Check) -> int:
    return int(connection.scalar(check.query) or 0)


def broken_before(connection: Connection, definition: Definition, params: BaseModel) -> list[str]:
    """The checks that have to hold before it runs as well, and do not."""
    always = [one for one in definition.checks(params) if one.expect is Expect.ALWAYS_ZERO]
    return [one.code for one in always if value_of(connection, one)]


def sample(connection: Connection, definition: Definition, params: BaseModel, bound: str) -> list[dict[str, Any]]:
    """Rows before and after: some drawn at random, those that move most money, and the extremes of each number
    among the columns; in turn, so that both kinds are seen side by side."""
    rows: dict[str, tuple[str, dict[str, Any]]] = {}
    for how, statement in _drawn(definition, params, bound):
        for row in connection.execute(statement):
            found = sql.as_row(row)
            rows.setdefault(str(found[definition.key]), (how, found))
    after = after_values(connection, definition, params, [row for _, row in rows.values()])
    return [
        {
            "key": key,
            "drawn": how,
            "before": {name: as_text(value) for name, value in row.items() if name != definition.key},
            "after": {name: as_text(value) for name, value in after.get(key, {}).items()},
        }
        for key, (how, row) in _in_turn(rows)
    ]


def _in_turn(rows: Mapping[str, tuple[str, Any]]) -> list[tuple[str, tuple[str, Any]]]:
    kinds = [[one for one in rows.items() if (one[1][0] == "random") is random] for random in (False, True)]
    return [one for pair in zip_longest(*kinds) for one in pair if one is not None]


def _drawn(definition: Definition, params: BaseModel, bound: str) -> list[tuple[str, Select[Any]]]:
    """How rows are drawn, and the statement that draws them."""
    base = select(*definition.target.c).where(sql.within(definition, None, bound), definition.rows(params))
    key = key_of(definition)
    drawn = [("random", base.order_by(func.random()).limit(_RANDOM_ROWS))]
    if definition.money is not None and isinstance(definition, SqlBackfill):
        old = definition.target.c[definition.money.amount]
        new = changes_of(definition, params).get(definition.money.amount, old)
        moved = func.abs(func.coalesce(new, 0) - func.coalesce(old, 0))
        drawn.append(("largest", base.order_by(moved.desc(), key).limit(_EXTREME_ROWS)))
    for place in definition.target.c:
        if isinstance(place.type, Integer | Numeric):
            filled = base.where(place.is_not(None)).limit(_EXTREME_ROWS)
            drawn.append((f"lowest {place.name}", filled.order_by(place, key)))
            drawn.append((f"highest {place.name}", filled.order_by(place.desc(), key)))
    return drawn


def after_values(
    connection: Connection, definition: Definition, params: BaseModel, rows: Sequence[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """What the change makes of rows as they stand in the database (of an SqlBackfill) or as given."""
    if isinstance(definition, PythonBackfill):
        return {str(key): dict(values) for key, values in computed(definition, rows, params).items()}
    key, changes = key_of(definition), changes_of(definition, params)
    named = [expression.label(f"new_{name}") for name, expression in changes.items()]
    found = connection.execute(select(key, *named).where(key.in_([row[definition.key] for row in rows])))
    return {str(row[0]): dict(zip(changes, row[1:], strict=True)) for row in found}


def as_text(value: Any) -> str | int | None:
    """A value for people: whole numbers stay numbers."""
    return value if value is None or (isinstance(value, int) and abs(value) < 2**53) else str(value)


def _indexes(connection: Connection, definition: Definition) -> list[dict[str, Any]]:
    values = {"table": name_of(definition), "columns": [*definition.columns, *definition.along()]}
    return [{"name": row.name, "bytes": row.bytes} for row in connection.execute(_INDEXES, values)]


def _trial(
    connection: Connection, definition: Definition, params: BaseModel, *, bound: str, number: int, rows: int
) -> dict[str, Any]:
    """One batch done for real and rolled back: how long it takes, how large its before-images are, its plan."""
    plan = Plan(uuid.UUID(int=0), number, definition, params, bound, 0)
    held, trial = _held(connection), connection.begin_nested()
    try:
        ledger.lay_down(connection)
        images = make_images(connection, definition, number)
        start = _first_wanted(connection, definition, params, bound)
        middle = sql.stretch_end(connection, definition, start, bound, _WARM_UP_ROWS)
        change_stretch(connection, plan, batch=1, after=start, to=middle)
        end = sql.stretch_end(connection, definition, middle, bound, _TRIAL_ROWS)
        began = time.perf_counter()
        changed = change_stretch(connection, plan, batch=2, after=middle, to=end)
        seconds = time.perf_counter() - began
        per_image = images.size(connection) / (images.count(connection) or 1)
        lines = _explained(connection, plan, after=start, to=middle)
        locks = [one for one in _held(connection) if one not in held]
    finally:
        trial.rollback()
    walked = sql.count_stretch(connection, definition, None, bound)
    estimate = {
        "seconds": int(seconds / max(changed, 1) * rows + walked * _SECONDS_A_ROW_WALKED) + 1,
        "before_image_bytes": int(per_image * rows),
        "trial_rows": changed,
        "trial_ms": int(seconds * 1000),
        "walked": walked,
    }
    return {"estimate": estimate, "explain": lines, "locks": locks}


def _held(connection: Connection) -> list[dict[str, Any]]:
    """The locks of this transaction, the console's own ones included."""
    return [dict(row._mapping) for row in connection.execute(_LOCKS)]


def _first_wanted(connection: Connection, definition: Definition, params: BaseModel, bound: str) -> str | None:
    """The key just before the first row that would change, so that the trial has something to do."""
    key = key_of(definition)
    first = select(key).where(sql.within(definition, None, bound), definition.rows(params)).order_by(key).limit(1)
    before = select(cast(key, String)).where(key < first.scalar_subquery()).order_by(key.desc()).limit(1)
    return connection.scalar(before)


def _explained(connection: Connection, plan: Plan, *, after: str | None, to: str) -> list[str]:
    definition = plan.definition
    if isinstance(definition, SqlBackfill):
        images = images_of(connection, definition, plan.number)
        statement = sql.change_statement(definition, plan.params, images, batch=1, after=after, to=to)
        with sql.page_by_page(connection, definition, plan.params):
            return sql.explained(connection, statement)
    return sql.explained(connection, sql.rows_to_write(definition, plan.params, after=after, to=to))
