"""The swift form of a batch: before-images read by a SELECT of their own, in the statement that changes the rows.

That spares the common table through which `RETURNING` hands old and new values over, a fifth of a batch. Both halves
see one snapshot. A row that another transaction writes after it has an `xmin` that the snapshot does not hold for
finished; the change looks at its conditions again on that newer row and leaves it out. So as many rows were changed as
were kept if and only if each image is what the change found, and what it made of it. Otherwise, or where reading a row
twice might see two things, the caller takes the statement with `RETURNING`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Cast,
    ColumnClause,
    ColumnElement,
    Connection,
    cast,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import custom_op
from sqlalchemy.sql.visitors import iterate
from sqlalchemy.types import UserDefinedType

from services.backfills import statements as sql
from services.backfills.definition import Definition, SqlBackfill
from services.backfills.images import Images, name_of

# The same result for the same row, as often as one transaction asks.
_REPEATABLE = """
abs btrim ceil ceiling char_length coalesce concat current_date current_timestamp date_part date_trunc floor greatest
least left length lower ltrim mod now nullif replace right round rtrim sign substr substring timezone trim trunc upper
"""
_FUNCTIONS = frozenset(_REPEATABLE.split())
_PARTS = "binary case cast clauselist expression_clauselist extract false grouping null true unary"
_NODES = frozenset(_PARTS.split(" "))
# An ordinary table, read and written as it is; columns of the database's own types.
_SHAPE = text(
    """
    SELECT c.oid, a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
    WHERE c.oid = to_regclass(:table) AND c.relkind = 'r' AND NOT c.relhassubclass AND NOT c.relhasrules
        AND NOT row_security_active(c.oid) AND c.relam = (SELECT oid FROM pg_am WHERE amname = 'heap')
        AND NOT EXISTS (
            SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgenabled <> 'D'
                AND g.tgtype & 2 <> 0 AND g.tgtype & 16 <> 0)
        AND a.attnum > 0 AND t.typnamespace = 'pg_catalog'::regnamespace
    ORDER BY a.attnum
    """
)


class _Differs(Exception):
    """As many rows were not changed as were kept, or the table is not what it was."""


class _AsStored(UserDefinedType):
    """A column's type as the catalog says it, with its precision."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Swift:
    """A batch that may be tried swiftly: the definition's expressions, built once for both halves."""

    definition: SqlBackfill
    images: Images
    rows: ColumnElement[bool]
    values: Mapping[str, ColumnElement[Any]]
    shape: tuple[Any, ...]

    def change(self, connection: Connection, *, batch: int, after: str | None, to: str) -> int | None:
        """Changes the rows in (after, to] that no batch of this number has changed; None when it was taken back."""
        try:
            with connection.begin_nested():
                connection.exec_driver_sql("SET LOCAL enable_indexscan = off")
                statement = self.statement(batch=batch, after=after, to=to)
                changed = connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount
                # The change has locked the table's definition; nobody alters it until the batch has ended.
                if changed != self.images.count_in(connection, batch) or self.shape != _shape(
                    connection, self.definition
                ):
                    raise _Differs
                connection.exec_driver_sql("SET LOCAL enable_indexscan TO DEFAULT")
        except _Differs:
            return None
        return changed

    def statement(self, *, batch: int, after: str | None, to: str) -> Any:
        """Keeps the images first, then changes those rows that nobody has written meanwhile."""
        chosen = (sql.within(self.definition, after, to), self.rows)
        kept = self.images.read(batch, self._after(), chosen).cte("kept")
        untouched = literal_column(
            f"age({name_of(self.definition)}.xmin) > (SELECT age(pg_snapshot_xmin(pg_current_snapshot())::xid))",
            Boolean,
        )
        return (
            update(self.definition.target)
            .where(*chosen, untouched, select(kept.c.kept).scalar_subquery() > 0)
            .values(self.values)
        )

    def _after(self) -> dict[str, ColumnElement[Any]]:
        """What the written columns become, as the assignment makes it."""
        types = {row.name: row.type for row in self.shape}
        return {name: cast(self.values[name], _AsStored(types[name])) for name in self.definition.columns}


def swift_form(connection: Connection, definition: Definition, params: Any, images: Images) -> Swift | None:
    """None where a row read twice might not be the same: the definition calls Python or anything but plain
    expressions on the row, or the table is more than a table."""
    if not isinstance(definition, SqlBackfill) or not images.packed:
        return None
    rows, values = definition.rows(params), {**definition.change(params), **definition.along()}
    if not set(definition.columns) <= set(values) or not _is_plain(definition, [rows, *values.values()]):
        return None
    shape = _shape(connection, definition)
    read = {definition.key, *values, *_columns([rows, *values.values()])}
    return Swift(definition, images, rows, values, shape) if read <= {row.name for row in shape} else None


def _shape(connection: Connection, definition: Definition) -> tuple[Any, ...]:
    return tuple(connection.execute(_SHAPE, {"table": name_of(definition)}))


def _is_plain(definition: Definition, parts: list[ColumnElement[Any]]) -> bool:
    """Whether the database makes the same of the same row each time: the row's columns, values, and what is known."""
    return all(_is_known(definition, node) for part in parts for node in iterate(part))


def _is_known(definition: Definition, node: Any) -> bool:
    if isinstance(node, ColumnClause):
        return node.table is definition.target and not node.is_literal
    if isinstance(node, FunctionElement):
        return getattr(node, "name", "") in _FUNCTIONS and not getattr(node, "packagenames", ())
    if isinstance(node, BindParameter):
        return node.callable is None
    if isinstance(node, Cast) and not type(node.type).__module__.startswith("sqlalchemy."):
        return False
    return node.__visit_name__ in _NODES and not isinstance(getattr(node, "operator", None), custom_op)


def _columns(parts: list[ColumnElement[Any]]) -> set[str]:
    return {node.name for part in parts for node in iterate(part) if isinstance(node, ColumnClause)}
