"""Before-images: what each changed row was and became, in the target's own types.

Where key and columns have a fixed width, a batch is one row of arrays (`before_<number>_packed`), which costs a third
of the time and half of the disk of a row each; the view `before_<number>` shows them row by row. Anything wider is a
plain table of that name. Whoever reads uses `before_table` in both cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Boolean,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    Interval,
    Numeric,
    TableClause,
    Time,
    Uuid,
    column,
    func,
    insert,
    literal,
    select,
    table,
    text,
)

from services.backfills.definition import Definition
from services.backfills.vocabulary import SCHEMA

# At most a few dozen bytes each, so that the arrays of the largest batch stay small.
_FIXED_WIDTH = (Boolean, Date, DateTime, Float, Integer, Interval, Numeric, Time, Uuid)


def name_of(definition: Definition) -> str:
    """The table's name for the database, quoted, with its schema where the definition gives one."""
    parts = [definition.target.schema, definition.target.name] if definition.target.schema else [definition.target.name]
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def key_of(definition: Definition) -> Any:
    return definition.target.c[definition.key]


def before_table(definition: Definition, number: int) -> TableClause:
    """One row for each changed row: batch, key, and the columns before and after."""
    return _shape(definition, f"before_{number}")


@dataclass(frozen=True, slots=True)
class Images:
    """Where one backfill keeps them."""

    definition: Definition
    number: int
    packed: bool

    @property
    def stored_in(self) -> str:
        return f"before_{int(self.number)}_packed" if self.packed else f"before_{int(self.number)}"

    def kept(self, batch: int, changed: Any) -> Any:
        """The statement that changes the rows of the common table `changed` and keeps their images."""
        place = _shape(self.definition, self.stored_in)
        names = [one.name for one in place.columns if one.name != "batch"]
        if not self.packed:
            rows = select(literal(batch, Integer), *[changed.c[name] for name in names])
            return insert(place).from_select(["batch", *names], rows)
        arrays = [func.array_agg(changed.c[name]) for name in names]
        packed = select(literal(batch, Integer), *arrays).having(func.count() > 0)
        return insert(place).from_select(["batch", *names], packed).returning(func.cardinality(place.c.key))

    def changed_by(self, connection: Connection, statement: Any) -> int:
        """Executes what `kept` made; how many rows it changed."""
        done = connection.execute(statement, execution_options={"preserve_rowcount": True})
        return (done.scalar() or 0) if self.packed else done.rowcount

    def size(self, connection: Connection) -> int:
        """Bytes on disk."""
        stored = {"name": f"{SCHEMA}.{self.stored_in}"}
        return connection.scalar(text("SELECT pg_total_relation_size(CAST(:name AS regclass))"), stored) or 0

    def count(self, connection: Connection) -> int:
        return connection.scalar(select(func.count()).select_from(before_table(self.definition, self.number))) or 0

    def drop(self, connection: Connection) -> None:
        """They are gone for good: nothing can be taken back any more."""
        if self.packed:
            connection.exec_driver_sql(f"DROP VIEW IF EXISTS {SCHEMA}.before_{int(self.number)}")
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {SCHEMA}.{self.stored_in}")

    def index(self, connection: Connection) -> None:
        """A few pages that lead the way back from a batch to its images, where there is a row for each of them."""
        name = self.stored_in
        if not self.packed and connection.scalar(text(f"SELECT to_regclass('{SCHEMA}.{name}_batch')")) is None:
            connection.exec_driver_sql(
                f"CREATE INDEX {name}_batch ON {SCHEMA}.{name} USING brin (batch) WITH (pages_per_range = 16)"
            )
            connection.exec_driver_sql(f"ANALYZE {SCHEMA}.{name}")


def images_of(connection: Connection, definition: Definition, number: int) -> Images:
    """Where a backfill that has begun keeps them; how it does is settled when it begins."""
    found = connection.scalar(text(f"SELECT to_regclass('{SCHEMA}.before_{int(number)}_packed')"))
    return Images(definition, number, found is not None)


def make_images(connection: Connection, definition: Definition, number: int) -> Images:
    """Makes their table where it is missing."""
    if connection.scalar(text(f"SELECT to_regclass('{SCHEMA}.before_{int(number)}')")) is None:
        _make(connection, Images(definition, number, _has_fixed_width(definition)))
    return images_of(connection, definition, number)


def _make(connection: Connection, images: Images) -> None:
    definition, quote = images.definition, connection.dialect.identifier_preparer.quote
    form = "array_agg({})" if images.packed else "{}"
    named = [(definition.key, "key")]
    named += [(name, f"{when}_{name}") for when in ("old", "new") for name in definition.columns]
    columns = [f"{form.format(quote(name))} AS {quote(kept)}" for name, kept in named]
    place = f"{SCHEMA}.{images.stored_in}"
    connection.exec_driver_sql(
        f"CREATE TABLE {place} AS SELECT 0::integer AS batch, {', '.join(columns)}"  # noqa: S608 - quoted
        f" FROM {name_of(definition)} WITH NO DATA"
    )
    if images.packed:
        kept = [quote(name) for _, name in named]
        # Compressing numbers costs more than all the rest of the batch.
        external = ", ".join(f"ALTER COLUMN {name} SET STORAGE EXTERNAL" for name in kept)
        connection.exec_driver_sql(f"ALTER TABLE {place} {external}")
        arrays = ", ".join(f"p.{name}" for name in kept)
        connection.exec_driver_sql(
            f"CREATE VIEW {SCHEMA}.before_{int(images.number)} AS SELECT p.batch, u.*"  # noqa: S608 - quoted
            f" FROM {place} p CROSS JOIN LATERAL unnest({arrays}) AS u({', '.join(kept)})"
        )


def _has_fixed_width(definition: Definition) -> bool:
    columns = definition.target.c
    return all(isinstance(columns[name].type, _FIXED_WIDTH) for name in (definition.key, *definition.columns))


def _shape(definition: Definition, name: str) -> TableClause:
    columns = definition.target.c
    images = [column(f"{when}_{name}", columns[name].type) for when in ("old", "new") for name in definition.columns]
    return table(name, column("batch", Integer), column("key", columns[definition.key].type), *images, schema=SCHEMA)
