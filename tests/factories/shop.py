"""Another database with coins in it, and a role of its own that may read and change them."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import create_engine, make_url, text

from tests.factories.backfills import fill_coins

PASSWORD = "a-password-that-is-nobody-s"


class Shop:
    """The other database, seen by its owner; `dsn` is what the role gets in by."""

    def __init__(self, server: str, name: str) -> None:
        self.owner = server.replace("/kontor?", f"/{name}?")
        address = make_url(self.owner).set(username=f"{name}_role", password=PASSWORD, drivername="postgresql")
        self.dsn = address.render_as_string(hide_password=False)

    def sql(self, statement: str) -> Any:
        with psycopg.connect(self.owner.replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
            return cursor.fetchall() if cursor.description else None


@contextmanager
def a_shop(coins: int) -> Iterator[Shop]:
    """A database of its own on the tests' server, and a role that may make a schema there, nothing more."""
    server, name = os.environ["KONTOR_TEST_SERVER"], f"shop_{uuid.uuid4().hex[:12]}"
    _server(server, f"CREATE DATABASE {name}")
    made = Shop(server, name)
    engine = create_engine(made.owner)
    with engine.begin() as connection:
        fill_coins(connection, coins)
        connection.execute(text(f"CREATE ROLE {name}_role LOGIN PASSWORD '{PASSWORD}'"))
        connection.execute(text(f"GRANT CREATE, CONNECT ON DATABASE {name} TO {name}_role"))
        connection.execute(text(f"GRANT SELECT, UPDATE ON coin TO {name}_role"))
    engine.dispose()
    try:
        yield made
    finally:
        _server(server, f"DROP DATABASE {name} WITH (FORCE)")
        _server(server, f"DROP ROLE {name}_role")


def _server(server: str, statement: str) -> None:
    with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
