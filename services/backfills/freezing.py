"""What an approval is bound to: which rows change, what they are and become, and the money that moves."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Connection, Row, String, cast, func, literal, select, text

from services.backfills import statements as sql
from services.backfills.definition import Definition, PythonBackfill, SqlBackfill
from services.backfills.images import key_of

_AT_ONCE = 5_000


def frozen(connection: Connection, definition: Definition, params: BaseModel, bound: str | None) -> dict[str, Any]:
    """Rows up to `bound`, a checksum of every declared column and of the new values, and the money by currency.

    Of each currency there are the column's sums `before` and `after`, and `gross`: what really moves, the sum of the
    absolute differences of all rows. An empty value is 0.

    The function of a PythonBackfill is called for every row; one it refuses counts, because it will be set aside.
    """
    if bound is None:
        return {"bound": None, "rows": 0, "checksum": "0", "money": []}
    if isinstance(definition, PythonBackfill):
        stretches = _stretches(connection, definition, params, bound)
        return {"bound": bound} | _counted(definition, params, stretches).document(definition)
    found = connection.execute(_statement(definition, params, sql.within(definition, None, bound))).all()
    return {
        "bound": bound,
        "rows": sum(row.rows for row in found),
        "checksum": str(sum(Decimal(row.checksum) for row in found)),
        "money": [money_entry(row) for row in found] if definition.money else [],
    }


def says_what_moves(dry_run: Mapping[str, Any]) -> bool:
    """Dry runs of a former release hold the net difference alone, in which much that moves may cancel out."""
    return all("gross" in one for one in dry_run["frozen"]["money"])


def money_among(
    connection: Connection, definition: Definition, params: BaseModel, keys: Sequence[str]
) -> list[dict[str, Any]]:
    """The money that the change would still move in some rows, as `frozen` gives it."""
    if definition.money is None or not keys:
        return []
    chosen = key_of(definition).in_([sql.at_key(definition, key) for key in keys])
    if isinstance(definition, PythonBackfill):
        rows = [_rows(connection, definition, params, chosen)]
        return _counted(definition, params, rows).document(definition)["money"]
    return [money_entry(row) for row in connection.execute(_statement(definition, params, chosen))]


def money_entry(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    """One currency of a statement with the columns of `sql.money_sums`."""
    return {"currency": row.currency, "before": int(row.before), "after": int(row.after), "gross": int(row.gross)}


def changes_of(definition: Definition, params: BaseModel) -> dict[str, Any]:
    """The expressions of an SqlBackfill; nothing where only Python knows."""
    return dict(definition.change(params)) if isinstance(definition, SqlBackfill) else {}


def _statement(definition: Definition, params: BaseModel, chosen: ColumnElement[bool]) -> Any:
    """Rows, checksum and money by currency. `OFFSET 0` lets the database compute each expression once a row."""
    changes, target, money = changes_of(definition, params), definition.target, definition.money
    currency = money.currency if money else literal("")
    new = [expression.label(f"_new_{name}") for name, expression in changes.items()]
    row = select(*target.c, *new, cast(currency, String).label("_currency")).where(chosen, definition.rows(params))
    found = row.offset(0).subquery()
    become = {name: found.c[f"_new_{name}"] for name in changes}
    whole = func.row(*[found.c[place.name] for place in target.c], *become.values())
    old = found.c[money.amount] if money else literal(0)
    return (
        select(
            found.c["_currency"].label("currency"),
            func.count().label("rows"),
            cast(func.sum(func.hashtextextended(cast(whole, String), 0)), String).label("checksum"),
            *sql.money_sums(old, become.get(money.amount, old) if money else old),
        )
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
    gross: Counter[str | None] = field(default_factory=Counter)

    def add(self, row: Mapping[str, Any], values: Mapping[str, Any], amount: str | None, currency: str | None) -> None:
        self.rows += 1
        said = repr((sorted(row.items()), sorted(values.items()))).encode()
        self.checksum += int.from_bytes(hashlib.blake2b(said, digest_size=8).digest())
        if amount is None:
            return
        old, new = row[amount], values.get(amount, row[amount])
        self.before[currency] += old or 0
        self.after[currency] += new or 0
        self.gross[currency] += abs((new or 0) - (old or 0))

    def document(self, definition: Definition) -> dict[str, Any]:
        known = sorted({*self.before, *self.after}, key=lambda one: one or "")
        money = [
            {"currency": one, "before": self.before[one], "after": self.after[one], "gross": self.gross[one]}
            for one in known
        ]
        return {"rows": self.rows, "checksum": str(self.checksum), "money": money if definition.money else []}


def _counted(
    definition: PythonBackfill,
    params: BaseModel,
    stretches: Iterable[tuple[list[dict[str, Any]], list[str | None]]],
) -> _Count:
    found, amount = _Count(), definition.money.amount if definition.money else None
    for rows, currencies in stretches:
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
    after, to = None, ""
    while to != bound:
        to = sql.stretch_end(connection, definition, after, bound, _AT_ONCE)
        yield _rows(connection, definition, params, sql.within(definition, after, to))
        after = to


def _rows(
    connection: Connection, definition: PythonBackfill, params: BaseModel, chosen: ColumnElement[bool]
) -> tuple[list[dict[str, Any]], list[str | None]]:
    currency = definition.money.currency if definition.money else literal("")
    found = connection.execute(
        select(*definition.target.c, cast(currency, String).label("_currency"))
        .where(chosen, definition.rows(params))
        .order_by(key_of(definition))
    )
    rows = [sql.as_row(row) for row in found]
    return rows, [row.pop("_currency") for row in rows]


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
