"""The statements a backfill is made of, built from its definition as typed SQLAlchemy Core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnClause,
    ColumnElement,
    Connection,
    Row,
    Select,
    SelectBase,
    String,
    TableClause,
    TextClause,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.visitors import iterate, replacement_traverse

from services.backfills.definition import Definition, MoneyColumns, PythonBackfill, SqlBackfill
from services.backfills.images import Images, key_of, name_of
from services.backfills.vocabulary import SCHEMA

# What a definition's function raises for a row that it does not understand.
REFUSALS = (ValueError, ArithmeticError, LookupError, TypeError)
_SIDES = ("old", "new")


def explained(connection: Connection, statement: Any) -> list[str]:
    """The plan the database makes for a statement with its bound values."""
    compiled = statement.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
    return [str(line) for line in connection.exec_driver_sql(f"EXPLAIN {compiled}", compiled.params).scalars()]


@contextmanager
def page_by_page(connection: Connection, definition: SqlBackfill, params: Any) -> Iterator[None]:
    """Lets a batch look all its keys up first and visit its rows in the order of the table's pages.

    That saves most of what batches cost beyond one UPDATE: the index grows while it is read otherwise. A definition
    that reads other tables is left to the planner, whose lookups there would become slower.
    """
    parts = [definition.rows(params), *definition.change(params).values(), *definition.along().values()]
    if any(isinstance(node, SelectBase | TextClause) for part in parts for node in iterate(part)):
        yield
        return
    connection.exec_driver_sql("SET LOCAL enable_indexscan = off")
    yield
    connection.exec_driver_sql("SET LOCAL enable_indexscan TO DEFAULT")


def at_key(definition: Definition, value: str) -> ColumnElement[Any]:
    """A key from its text."""
    return cast(bindparam(None, value, String), key_of(definition).type)


def within(definition: Definition, after: str | None, to: str) -> ColumnElement[bool]:
    """The stretch of keys (after, to]."""
    upper = key_of(definition) <= at_key(definition, to)
    return upper if after is None else and_(key_of(definition) > at_key(definition, after), upper)


def last_key(connection: Connection, definition: Definition) -> str | None:
    key = key_of(definition)
    return connection.scalar(select(cast(key, String)).order_by(key.desc()).limit(1))


def stretch_end(connection: Connection, definition: Definition, after: str | None, bound: str, size: int) -> str:
    """The key `size` rows further on, or the bound."""
    key = key_of(definition)
    last = select(key).where(within(definition, after, bound)).order_by(key).offset(size - 1).limit(1)
    # Cast outside: inside, every row that is skipped would be cast as well.
    return connection.scalar(select(cast(last.scalar_subquery(), String))) or bound


def count_stretch(connection: Connection, definition: Definition, after: str | None, to: str) -> int:
    stretch = select(func.count()).select_from(definition.target).where(within(definition, after, to))
    return connection.scalar(stretch) or 0


def change_statement(
    definition: SqlBackfill, params: Any, images: Images, *, batch: int, after: str | None, to: str
) -> Any:
    """One batch: the change and its before-images, in one statement; `images.changed_by` says how many rows it was."""
    target = definition.target
    changed = (
        update(target)
        .where(within(definition, after, to), definition.rows(params))
        .values({**definition.change(params), **definition.along()})
        .returning(*_images(definition))
        .cte("changed")
    )
    return images.kept(batch, changed)


def write_statement(definition: PythonBackfill, images: Images, *, batch: int, values: Mapping[Any, Any]) -> Any:
    """The same for values that Python computed."""
    target = definition.target
    keys = list(values)
    arrays = [bindparam(None, keys, ARRAY(key_of(definition).type))]
    arrays += [
        bindparam(None, [values[key][name] for key in keys], ARRAY(target.c[name].type)) for name in definition.columns
    ]
    given = func.unnest(*arrays).table_valued("key", *definition.columns, name="given")
    given = given.render_derived()
    written = {name: cast(given.c[name], target.c[name].type) for name in definition.columns}
    changed = (
        update(target)
        .where(key_of(definition) == cast(given.c.key, key_of(definition).type))
        .values({**written, **definition.along()})
        .returning(*_images(definition))
        .cte("changed")
    )
    return images.kept(batch, changed)


def rows_to_write(definition: Definition, params: Any, *, after: str | None, to: str) -> Select[Any]:
    """The rows of a stretch, locked until the batch ends."""
    return (
        select(*definition.target.c)
        .where(within(definition, after, to), definition.rows(params))
        .order_by(key_of(definition))
        .with_for_update(key_share=True)
    )


def wanted_keys(
    connection: Connection, definition: Definition, params: Any, *, after: str | None, to: str
) -> Sequence[str]:
    """The keys of the rows a stretch would change, in order."""
    key = key_of(definition)
    wanted = select(cast(key, String)).where(within(definition, after, to), definition.rows(params)).order_by(key)
    return connection.scalars(wanted).all()


def restore_statement(definition: Definition, before: TableClause, batch: int) -> Any:
    """Gives back the values of one batch where the row is still as the batch left it; its row count is those rows.

    A row that somebody edits at this moment is waited for and looked at again, so it is left alone.
    """
    target = definition.target
    as_left = [target.c[name].is_not_distinct_from(before.c[f"new_{name}"]) for name in definition.columns]
    return (
        update(target)
        .where(before.c.batch == batch, key_of(definition) == before.c.key, *as_left)
        .values({**{name: before.c[f"old_{name}"] for name in definition.columns}, **definition.along()})
    )


def conflicts_of(definition: Definition, before: TableClause, batch: int, backfill: Any) -> Any:
    """Writes down the rows of a batch that were edited, or deleted (found as nothing), since; run it after the restore.

    They are those that this transaction has not written.
    """
    target = definition.target
    key = key_of(definition)
    not_mine = literal_column(f"{name_of(definition)}.xmin <> pg_current_xact_id()::xid", Boolean)
    found = (
        select(
            literal(backfill),
            cast(before.c.key, String),
            _document(before, definition, "old_"),
            _document(before, definition, "new_"),
            case((key.is_not(None), _document(target, definition, ""))),
        )
        .select_from(before.outerjoin(target, key == before.c.key))
        .where(before.c.batch == batch, or_(key.is_(None), not_mine))
    )
    places = [column(name) for name in ("backfill", "key", "before", "left_as", "found")]
    return insert(table("conflict", *places, schema=SCHEMA)).from_select([place.name for place in places], found)


def money_sums(old: Any, new: Any) -> list[ColumnElement[Any]]:
    """What happens to a money column: its sums before and after, and the sum of the absolute differences, in which
    nothing cancels out. An empty value is 0."""
    was, becomes = func.coalesce(old, 0), func.coalesce(new, 0)
    return [
        func.sum(was).label("before"),
        func.sum(becomes).label("after"),
        func.sum(func.abs(becomes - was)).label("gross"),
    ]


def money_of_images(definition: Definition, money: MoneyColumns, before: TableClause) -> Select[*tuple[Any, ...]]:
    """The money that was moved, by the currency that its row had before; none where the row was deleted since."""
    target, amount = definition.target, money.amount

    def as_then(element: Any, **_: Any) -> Any:
        written = isinstance(element, ColumnClause) and element.table is target and element.name in definition.columns
        return before.c[f"old_{element.name}"] if written else None

    sides = [before.c[f"{side}_{amount}"] if amount in definition.columns else target.c[amount] for side in _SIDES]
    currency = cast(replacement_traverse(money.currency, {}, as_then), String).label("currency")
    return (
        select(currency, *money_sums(*sides))
        .select_from(before.outerjoin(target, key_of(definition) == before.c.key))
        .group_by(text("1"))
    )


def documents_of(definition: Definition, keys: Sequence[str]) -> Select[Any, Any]:
    """The written columns of some rows as they stand, as documents; the rows are locked until the transaction ends."""
    wanted = [at_key(definition, key) for key in keys]
    document = _document(definition.target, definition, "").label("found")
    return (
        select(cast(key_of(definition), String).label("key"), document)
        .where(key_of(definition).in_(wanted))
        .with_for_update(key_share=True)
    )


def restore_keys(definition: Definition, before: TableClause, keys: Sequence[str]) -> Any:
    """Gives some rows their values from before back, whatever they are now; returns the restored keys."""
    wanted = [at_key(definition, key) for key in keys]
    return (
        update(definition.target)
        .where(key_of(definition) == before.c.key, before.c.key.in_(wanted))
        .values({**{name: before.c[f"old_{name}"] for name in definition.columns}, **definition.along()})
        .returning(before.c.key)
    )


def images_as_then(definition: Definition, before: TableClause, batches: Sequence[int], per_batch: int) -> Any:
    """A few rows of each of some batches, with the written columns as they were before."""
    drawn = (
        select(before, func.row_number().over(partition_by=before.c.batch, order_by=func.random()).label("draw"))
        .where(before.c.batch.in_(batches))
        .subquery()
    )
    target = definition.target
    columns = [
        drawn.c[f"old_{place.name}"].label(place.name) if place.name in definition.columns else place
        for place in target.c
    ]
    return (
        select(*columns)
        .select_from(drawn.join(target, key_of(definition) == drawn.c.key))
        .where(drawn.c.draw <= per_batch)
    )


def _images(definition: Definition) -> list[ColumnElement[Any]]:
    columns = definition.target.c
    named = [("old", name) for name in definition.columns] + [("new", name) for name in definition.columns]
    key = literal_column(f'new."{definition.key}"', columns[definition.key].type).label("key")
    return [
        key,
        *[literal_column(f'{when}."{name}"', columns[name].type).label(f"{when}_{name}") for when, name in named],
    ]


def _document(source: Any, definition: Definition, prefix: str) -> ColumnElement[Any]:
    pairs: list[Any] = []
    for name in definition.columns:
        pairs += [cast(literal(name), String), source.c[f"{prefix}{name}"]]
    return func.jsonb_build_object(*pairs, type_=JSONB)


def as_row(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)
