"""What an approval is bound to: which rows change, what they are and become, and the money that moves."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Connection, String, case, cast, func, literal, select, text

from services.backfills import statements as sql
from services.backfills.definition import Definition, PythonBackfill, SqlBackfill
from services.backfills.images import key_of

_AT_ONCE = 5_000


def frozen(connection: Connection, definition: Definition, params: BaseModel, bound: str | None) -> dict[str, Any]:
    """Rows up to `bound`, a checksum of every declared column and of the new values, and the money by currency.

    The function of a PythonBackfill is called for every row; one it refuses counts, because it will be set aside.
    """
    if bound is None:
        return {"bound": None, "rows": 0, "checksum": "0", "money": []}
    if isinstance(definition, PythonBackfill):
        return {"bound": bound} | _counted(connection, definition, params, bound).document(definition)
    found = connection.execute(_statement(definition, params, bound)).all()
    sums = [
        {"currency": row.currency, "before": int(row.before), "after": int(row.after), "moved": int(row.moved)}
        for row in found
    ]
    return {
        "bound": bound,
        "rows": sum(row.rows for row in found),
        "checksum": str(sum(Decimal(row.checksum) for row in found)),
        "money": sums if definition.money else [],
    }


def changes_of(definition: Definition, params: BaseModel) -> dict[str, Any]:
    """The expressions of an SqlBackfill; nothing where only Python knows."""
    return dict(definition.change(params)) if isinstance(definition, SqlBackfill) else {}


def amounts(definition: Definition, changes: Mapping[str, Any]) -> tuple[Any, Any]:
    """The money column before and after; zero where there is none."""
    if definition.money is None:
        return literal(0), literal(0)
    old = definition.target.c[definition.money.amount]
    return old, changes.get(definition.money.amount, old)


def _statement(definition: Definition, params: BaseModel, bound: str) -> Any:
    """Rows, checksum and money by currency."""
    changes = changes_of(definition, params)
    whole = func.row(*definition.target.c, *changes.values())
    currency = definition.money.currency if definition.money else literal("")
    old, new = amounts(definition, changes)
    return (
        select(
            cast(currency, String).label("currency"),
            func.count().label("rows"),
            cast(func.sum(func.hashtextextended(cast(whole, String), 0)), String).label("checksum"),
            func.coalesce(func.sum(old), 0).label("before"),
            func.coalesce(func.sum(new), 0).label("after"),
            func.coalesce(func.sum(case((old.is_not(None), new - old))), 0).label("moved"),
        )
        .where(sql.within(definition, None, bound), definition.rows(params))
        .group_by(text("1"))
        .order_by(text("1"))
    )


@dataclass(slots=True)
class _Count:
    """What a function makes of rows, added up; sums by currency, with None for a currency that is not known."""

    rows: int = 0
    checksum: int = 0
    before: Counter[str | None] = field(default_factory=Counter)
    after: Counter[str | None] = field(default_factory=Counter)
    moved: Counter[str | None] = field(default_factory=Counter)

    def add(self, row: Mapping[str, Any], values: Mapping[str, Any], amount: str | None, currency: str | None) -> None:
        self.rows += 1
        said = repr((sorted(row.items()), sorted(values.items()))).encode()
        self.checksum += int.from_bytes(hashlib.blake2b(said, digest_size=8).digest())
        if amount is None:
            return
        old, new = row[amount], values.get(amount, row[amount])
        self.before[currency] += old or 0
        self.after[currency] += new or 0
        self.moved[currency] += 0 if old is None else (new or 0) - old

    def document(self, definition: Definition) -> dict[str, Any]:
        known = sorted({*self.before, *self.after}, key=lambda one: one or "")
        money = [
            {"currency": one, "before": self.before[one], "after": self.after[one], "moved": self.moved[one]}
            for one in known
        ]
        return {"rows": self.rows, "checksum": str(self.checksum), "money": money if definition.money else []}


def _counted(connection: Connection, definition: PythonBackfill, params: BaseModel, bound: str) -> _Count:
    found, amount = _Count(), definition.money.amount if definition.money else None
    for rows, currencies in _stretches(connection, definition, params, bound):
        values = computed(definition, rows, params)
        for row, currency in zip(rows, currencies, strict=True):
            new = values.get(row[definition.key])
            if new is not None:
                found.add(row, new, amount, currency)
    return found


def _stretches(
    connection: Connection, definition: PythonBackfill, params: BaseModel, bound: str
) -> Iterator[tuple[list[dict[str, Any]], list[str | None]]]:
    """The rows it is about with their currencies, a few thousand at a time."""
    currency = definition.money.currency if definition.money else literal("")
    after, to = None, ""
    while to != bound:
        to = sql.stretch_end(connection, definition, after, bound, _AT_ONCE)
        chosen = (
            select(*definition.target.c, cast(currency, String).label("_currency"))
            .where(sql.within(definition, after, to), definition.rows(params))
            .order_by(key_of(definition))
        )
        rows = [sql.as_row(row) for row in connection.execute(chosen)]
        yield rows, [row.pop("_currency") for row in rows]
        after = to


def computed(
    definition: PythonBackfill, rows: Sequence[Mapping[str, Any]], params: BaseModel
) -> dict[Any, Mapping[str, Any]]:
    """New values by key; rows that the function refuses have none, and are there all the same."""
    try:
        return dict(definition.change_batch(rows, params)) if rows else {}
    except sql.REFUSALS:
        if len(rows) == 1:
            return {rows[0][definition.key]: {}}
    middle = len(rows) // 2
    return computed(definition, rows[:middle], params) | computed(definition, rows[middle:], params)
