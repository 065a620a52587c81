"""A query against a real PostgreSQL, a second database beside our own."""

import os

import psycopg
import pytest
from pydantic import SecretStr

from services.integrations.sql_source import QueryRefused, SourceUnavailable, TooManyRows, read_query
from tests.conftest import clone_database, drop_database

NAME = "kontor_foreign_books"


@pytest.fixture(scope="module")
def foreign():
    """The address of a database of another system, with a ledger in it."""
    dsn = clone_database(f"{NAME}_{os.getpid()}").replace("+psycopg", "")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE TABLE gl (at timestamptz, ref text, gross numeric(12, 2))")
        connection.execute("INSERT INTO gl SELECT now(), 'ch_' || n, n + 0.99 FROM generate_series(1, 50) AS n")
    yield SecretStr(dsn)
    drop_database(f"{NAME}_{os.getpid()}")


def read(dsn: SecretStr, statement: str, **limits: int):
    return read_query(dsn, statement, **{"timeout_seconds": 5, "row_cap": 1000, **limits})


def test_columns_and_rows_come_as_they_are(foreign: SecretStr):
    found = read(foreign, "SELECT ref, gross FROM gl ORDER BY gross;")
    assert found.columns == ["ref", "gross"]
    assert (len(found.rows), str(found.rows[0][1])) == (50, "1.99")
    assert len(read(foreign, "SELECT * FROM gl", most=8).rows) == 8


def test_more_rows_than_allowed_are_none(foreign: SecretStr):
    assert len(read(foreign, "SELECT * FROM gl", row_cap=50).rows) == 50
    with pytest.raises(TooManyRows):
        read(foreign, "SELECT * FROM gl", row_cap=49)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM gl RETURNING ref",
        "WITH gone AS (DELETE FROM gl RETURNING ref) SELECT * FROM gone",
        "SELECT 1; DROP TABLE gl",
        "SELECT 1; COMMIT; DROP TABLE gl",
        "SELECT set_config('transaction_read_only', 'off', false), * FROM gl",
        "SELECT nextval('no_such')",
        "SELECT lo_from_bytea(0, 'x')",
        "not sql at all",
        "",
    ],
)
def test_nothing_is_written_and_only_one_statement_is_taken(foreign: SecretStr, statement: str):
    with pytest.raises(QueryRefused):
        read(foreign, statement)
    assert len(read(foreign, "SELECT * FROM gl").rows) == 50


def test_a_query_that_takes_too_long_is_stopped(foreign: SecretStr):
    with pytest.raises(QueryRefused, match="timeout"):
        read(foreign, "SELECT pg_sleep(10)", timeout_seconds=1)


def test_a_database_that_does_not_answer_is_said_so_without_its_address():
    with pytest.raises(SourceUnavailable) as refusal:
        read(SecretStr("postgresql://someone:hunter2@127.0.0.1:1/none"), "SELECT 1")
    assert "hunter2" not in refusal.value.sentence
