"""What a developer writes: a small class that says which rows, what change, and what proves it.

A definition never loops, commits, throttles or remembers anything: that is the engine's. `docs/backfills.md` is the
guide.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict
from sqlalchemy import ColumnElement, Select, String, TableClause, column, func, select, table
from sqlalchemy.dialects import postgresql

from services import reconciliation
from services.backfills.errors import BadDefinition, UnknownDefinition
from services.backfills.vocabulary import Expect
from services.core.words import Words


class NoParams(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Check:
    """A number that proves something: measured at the dry run, and again afterwards. `query` returns one integer.

    `rows` names the rows behind the number, the key first and then what is worth seeing beside it; where the number is
    not what it has to be, the verification shows some of them.
    """

    code: str
    title: Words
    query: Select[Any]
    expect: Expect
    rows: Select[*tuple[Any, ...]] | None = None

    @classmethod
    def of_rows(cls, code: str, title: Words, rows: Select[*tuple[Any, ...]], expect: Expect = Expect.ZERO) -> Check:
        """The number of `rows`, which are named where there are others than there have to be."""
        return cls(code, title, select(func.count()).select_from(rows.subquery()), expect, rows)


@dataclass(frozen=True)
class MoneyColumns:
    """Which written column is money in minor units, and the expression of its currency."""

    amount: str
    currency: ColumnElement[str]


@dataclass(frozen=True)
class PeriodColumns:
    """The business day (a date) and the legal entity of a row, as expressions: what decides which period it is in."""

    day: ColumnElement[Any]
    entity: ColumnElement[Any]


class Definition:
    """Base of both ways to write a backfill; use SqlBackfill or PythonBackfill.

    `target` declares the table with every column that the definition reads or writes, typed; all of them go into
    the dry run's checksum. `key` is its single-column primary key; it is walked in ascending order. `columns` are
    those it writes. `along` is written with them but neither compared nor restored (a change counter, say), and
    `lock` names an advisory lock that other writers of the table take for their transaction. `period` says which
    business day a row belongs to, so that closed periods it touches are seen; `reconciliations` are those it must not
    disturb: they run before and after. `flag` switches readers to what it fills. `database` names a database of the
    settings (`KONTOR_BACKFILLS__TARGETS`) that the table stands in; None is the console's own.
    """

    name: ClassVar[str]
    version: ClassVar[int] = 1
    title: ClassVar[Words]
    description: ClassVar[Words]
    owner: ClassVar[str]
    target: ClassVar[TableClause]
    key: ClassVar[str] = "id"
    columns: ClassVar[tuple[str, ...]]
    params: ClassVar[type[BaseModel]] = NoParams
    undoable: ClassVar[bool] = True
    quarantine_limit: ClassVar[int] = 100
    runbook: ClassVar[Words]
    money: ClassVar[MoneyColumns | None] = None
    lock: ClassVar[str | None] = None
    period: ClassVar[PeriodColumns | None] = None
    reconciliations: ClassVar[tuple[reconciliation.Definition, ...]] = ()
    flag: ClassVar[str | None] = None
    database: ClassVar[str | None] = None

    def rows(self, params: Any) -> ColumnElement[bool]:
        """The rows it is about; evaluated anew in each batch."""
        raise NotImplementedError

    def checks(self, params: Any) -> Sequence[Check]:  # noqa: ARG002
        """What must hold afterwards."""
        return ()

    def along(self) -> Mapping[str, ColumnElement[Any]]:
        return {}


class SqlBackfill(Definition):
    """The change as an expression per column, evaluated by the database on the row as it is."""

    def change(self, params: Any) -> Mapping[str, ColumnElement[Any]]:
        raise NotImplementedError


class PythonBackfill(Definition):
    """The change as a function of a batch, for what SQL cannot say.

    `change_batch` gets the rows (mappings with the columns of `target`) and returns the new values by key; a row it
    leaves out stays as it is. It must depend on nothing but its arguments: it is called again to verify.
    """

    def change_batch(self, rows: Sequence[Mapping[str, Any]], params: Any) -> Mapping[Any, Mapping[str, Any]]:
        raise NotImplementedError


_known: dict[str, Definition] = {}


def register(definition: Definition) -> None:
    """Makes a definition known. Raises BadDefinition for one that the engine could not carry out."""
    columns = {column.name for column in definition.target.columns}
    if not {definition.key, *definition.columns} <= columns or not definition.columns:
        raise BadDefinition(f"{definition.name}: `target` has to declare the key and every column that is written.")
    if definition.key in definition.columns:
        raise BadDefinition(f"{definition.name}: a backfill cannot move the key it walks along.")
    if _known.setdefault(definition.name, definition) is not definition:
        raise BadDefinition(f"Two backfills are called {definition.name}.")


def definition_named(name: str) -> Definition:
    """Raises UnknownDefinition."""
    if name not in _known:
        raise UnknownDefinition(f"There is no backfill called “{name}”. `kontor backfills list` shows them.")
    return _known[name]


def shown_definition(name: str) -> Definition:
    """The definition, or one with nothing but its name where it was taken out of the code: what ran stays on record."""
    return _known.get(name) or _retired(name)


def _retired(name: str) -> Definition:
    gone = Words("This definition is not part of the code any more.", "Diese Definition ist nicht mehr Teil des Codes.")
    facts = {"name": name, "title": Words(name, name), "description": gone, "owner": "–", "runbook": gone}
    return type(
        "Retired",
        (Definition,),
        facts | {"target": table("–", column("id", String())), "columns": (), "undoable": False},
    )()


def registered() -> list[Definition]:
    return sorted(_known.values(), key=lambda one: one.name)


def columns_of(definition: Definition) -> str:
    """The written columns as people are told: `payment.net_minor, …`, in another database `shop: coin.amount_minor`."""
    named = ", ".join(f"{definition.target.name}.{name}" for name in definition.columns)
    return f"{definition.database}: {named}" if definition.database else named


def code_digest(definition: Definition, params: BaseModel) -> str:
    """SHA-256 of what the definition does: an approval holds for this code alone.

    That is its source with the statements it comes to, expressions from elsewhere included; for a PythonBackfill the
    whole modules it is written in, since its function may call any of theirs.
    """
    own = [one for one in type(definition).__mro__ if issubclass(one, Definition) and one.__module__ != __name__]
    by_function = isinstance(definition, PythonBackfill)
    written = dict.fromkeys(inspect.getsource(inspect.getmodule(one) or one if by_function else one) for one in own)
    return hashlib.sha256("\0".join([*written, *_compiled(definition, params)]).encode()).hexdigest()


def _compiled(definition: Definition, params: BaseModel) -> list[str]:
    """The text and the values of every statement that the definition says something in."""
    changes = definition.change(params) if isinstance(definition, SqlBackfill) else {}
    said = {**changes, **definition.along()}
    named = [expression.label(f"new_{name}") for name, expression in sorted(said.items())]
    walked = select(definition.target.c[definition.key], *named).where(definition.rows(params))
    said_by = (walked, *[check.query for check in definition.checks(params)])
    whole = [one.compile(dialect=postgresql.dialect()) for one in said_by]
    return [f"{one} {sorted((name, repr(value)) for name, value in one.params.items())}" for one in whole]
