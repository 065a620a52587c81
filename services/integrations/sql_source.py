"""Reading a query from somebody else's PostgreSQL: read-only, bounded in time and rows, one statement only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from services.core.database_address import tls_of
from services.core.errors import Invalid, Unavailable

_PIECE = 5000
_CONNECT_SECONDS = 10


class QueryRefused(Invalid):
    """The database does not take the query, or it took longer than it may; its own words are in the sentence."""

    code = "sql_query_refused"


class TooManyRows(Invalid):
    """The query gives more rows than it may; none was taken."""

    code = "sql_too_many_rows"


class SourceUnavailable(Unavailable):
    """The database does not answer."""

    code = "sql_source_unavailable"


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Named columns and rows as the database gives them."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def read_query(dsn: SecretStr, statement: str, *, timeout_seconds: int, row_cap: int, most: int = 0) -> QueryResult:
    """The rows of `statement`, or its first `most`. The transaction is read-only and is rolled back.

    The query goes through a cursor in the extended protocol, which takes one SELECT and nothing after it. Raises
    TooManyRows above `row_cap`, QueryRefused for a query that fails or runs out of time, SourceUnavailable.
    """
    options = f"-c default_transaction_read_only=on -c statement_timeout={timeout_seconds * 1000} -c lock_timeout=5000"
    try:
        connection = psycopg.connect(
            make_conninfo(dsn.get_secret_value(), **tls_of(dsn.get_secret_value())),
            options=options,
            connect_timeout=_CONNECT_SECONDS,
            application_name="kontor books",
            prepare_threshold=None,
        )
    except psycopg.Error as error:
        raise SourceUnavailable("The database of this ledger does not answer, or refuses the sign-in.") from error
    with connection:
        connection.read_only = True
        try:
            return _fetched(connection, statement.strip().removesuffix(";"), row_cap=row_cap, most=most)
        except psycopg.Error as error:
            words = (error.diag.message_primary or "no answer")[:300]
            raise QueryRefused(f"The database refuses the query: {words}.", words=words) from error
        finally:
            connection.rollback()


def _fetched(connection: psycopg.Connection[Any], statement: str, *, row_cap: int, most: int) -> QueryResult:
    wanted = min(most or row_cap + 1, row_cap + 1)
    rows: list[tuple[Any, ...]] = []
    with connection.cursor(name="kontor_books") as cursor:
        cursor.execute(statement.encode())
        columns = [column.name for column in cursor.description or ()]
        while len(rows) < wanted and (piece := cursor.fetchmany(min(_PIECE, wanted - len(rows)))):
            rows += piece
    if len(rows) > row_cap:
        raise TooManyRows(f"The query gives more than {row_cap:,} rows; none was taken.", row_cap=row_cap)
    return QueryResult(columns, rows)
