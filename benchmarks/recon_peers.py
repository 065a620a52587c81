"""What others need for the same comparison: data frames, a diff tool over the same server, objects of an ORM.

They come with the `bench` extra. Each gets the two plain tables of the world and has to name the differing rows.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import BigInteger, String, make_url, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from benchmarks.recon_world import World

_ROWS = "SELECT ext_id, amount, currency, status FROM {table}"


def available() -> dict[str, Callable[[World], int]]:
    """The peers that are installed, each a function that compares the world's tables and counts what differs."""
    needs = {"datacompy_polars": "polars", "datacompy_pandas": "datacompy", "reladiff": "reladiff", "orm": "sqlalchemy"}
    return {name: function for name, function in _PEERS.items() if importlib.util.find_spec(needs[name])}


def seconds(compare: Callable[[World], int], world: World) -> float:
    """Wall seconds of one comparison."""
    start = time.perf_counter()
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        differing = compare(world)
    assert differing > 0
    return time.perf_counter() - start


def _rows(world: World, side: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(world.address) as connection:
        return connection.execute(sql.SQL(_ROWS).format(table=sql.Identifier(f"bench_{side}"))).fetchall()


def _unique(rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    names = ("ext_id", "amount", "currency", "status")
    kept = {row[0]: row for row in rows}.values()
    return {name: [row[at] for row in kept] for at, name in enumerate(names)}


def _datacompy_polars(world: World) -> int:
    import datacompy  # noqa: PLC0415 - the extra may be absent  # pyright: ignore[reportMissingImports]
    import polars  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    left, right = (polars.DataFrame(_unique(_rows(world, side))) for side in ("left", "right"))
    compare = datacompy.PolarsCompare(left, right, join_columns=["ext_id"])
    return len(compare.df1_unq_rows) + len(compare.df2_unq_rows) + len(compare.all_mismatch())


def _datacompy_pandas(world: World) -> int:
    import datacompy  # noqa: PLC0415 - the extra may be absent  # pyright: ignore[reportMissingImports]
    import pandas  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    left, right = (pandas.DataFrame(_unique(_rows(world, side))) for side in ("left", "right"))
    compare = datacompy.PandasCompare(left, right, join_columns=["ext_id"])
    return len(compare.df1_unq_rows) + len(compare.df2_unq_rows) + len(compare.all_mismatch())


def _reladiff(world: World) -> int:
    import reladiff  # noqa: PLC0415 - the extra may be absent  # pyright: ignore[reportMissingImports]
    from reladiff import Algorithm  # noqa: PLC0415  # pyright: ignore[reportMissingImports]

    url = make_url(world.database.url)
    where = {"host": url.query["host"], "user": url.username, "password": url.password, "dbname": url.database}
    database = reladiff.connect({"driver": "postgresql", **where})
    tables = [
        reladiff.table_segment.TableSegment(
            database, (f"bench_{side}_once",), ("ext_id",), extra_columns=("amount", "currency", "status")
        ).with_schema()
        for side in ("left", "right")
    ]
    return sum(1 for _ in reladiff.diff_tables(*tables, algorithm=Algorithm.JOINDIFF))


class _Base(DeclarativeBase):
    pass


class _Record:
    """A table's object has all of its columns."""

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    ext_id: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    occurred_at: Mapped[dt.datetime]
    fee: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str]
    payout_id: Mapped[str]
    updated_at: Mapped[dt.datetime]
    descr: Mapped[str]


class _Left(_Record, _Base):
    __tablename__ = "bench_left"


class _Right(_Record, _Base):
    __tablename__ = "bench_right"


class _Difference(_Base):
    __tablename__ = "bench_difference"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    ext_id: Mapped[str] = mapped_column(String)
    kind: Mapped[str] = mapped_column(String)


def _orm(world: World) -> int:
    engine = world.database.engine
    _Base.metadata.tables["bench_difference"].drop(engine, checkfirst=True)
    _Base.metadata.tables["bench_difference"].create(engine)
    with Session(engine) as session:
        right = {row.ext_id: row for row in session.scalars(select(_Right))}
        left = {row.ext_id: row for row in session.scalars(select(_Left))}
        for key, row in left.items():
            other = right.get(key)
            facts = (row.amount, row.currency, row.status)
            if other is None or facts != (other.amount, other.currency, other.status):
                session.add(_Difference(ext_id=key, kind="missing" if other is None else "differs"))
        for key in right.keys() - left.keys():
            session.add(_Difference(ext_id=key, kind="missing"))
        session.flush()
        count = len(session.scalars(select(_Difference)).all())
        session.commit()
    return count


_PEERS: dict[str, Callable[[World], int]] = {
    "datacompy_polars": _datacompy_polars,
    "datacompy_pandas": _datacompy_pandas,
    "reladiff": _reladiff,
    "orm": _orm,
}
