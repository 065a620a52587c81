"""One embedded PostgreSQL a test session, migrated once; each test worker clones the template."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from services.bootstrap import load_models, wire
from services.core import migrate
from services.core.actor import Actor
from services.core.clock import Clock
from services.core.db import Database, UnitOfWork
from services.core.embedded_postgres import APPLICATION_ROLE, EmbeddedPostgres

_TEMPLATE = "kontor_template"
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_connections": "300",
}


def pytest_configure(config: pytest.Config) -> None:
    """The controller (or the only process) starts the server and migrates the template; workers get its address."""
    load_models()
    wire()
    if hasattr(config, "workerinput") or config.option.collectonly:
        return
    # A run that is told to end stops its server as an interrupted one does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="kontor-test-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres", settings=_FAST)
    server.start()
    config.stash[_SERVER] = server
    os.environ["KONTOR_TEST_SERVER"] = server.url
    os.environ["KONTOR_TEST_APPLICATION"] = server.application_url
    _execute(server.url, f"CREATE DATABASE {_TEMPLATE}")
    template = _database(server.url, _TEMPLATE)
    migrate.upgrade(template)
    # Tests make tables of their own; the application never does.
    _execute(template, f"GRANT CREATE ON SCHEMA public TO {APPLICATION_ROLE}")


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(_SERVER, None)
    if server is not None:
        server.stop()
        shutil.rmtree(server.folder.parent, ignore_errors=True)


_SERVER: pytest.StashKey[EmbeddedPostgres] = pytest.StashKey()


def _database(url: str, name: str) -> str:
    return url.replace("/kontor?", f"/{name}?")


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


def clone_database(name: str) -> str:
    """A fresh database of the current schema called `name`; returns its URL for the application's role."""
    server = os.environ["KONTOR_TEST_SERVER"]
    _execute(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY")
    return _database(os.environ["KONTOR_TEST_APPLICATION"], name)


def owner_url(database: Database) -> str:
    """The same database for its owner, a superuser: for migrations, and for who tampers."""
    return _database(os.environ["KONTOR_TEST_SERVER"], make_url(database.url).database or "")


def drop_database(name: str) -> None:
    _execute(os.environ["KONTOR_TEST_SERVER"], f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def worker_database(worker_id: str) -> Iterator[Database]:
    """This test worker's own database; tests roll back in it."""
    name = f"kontor_{worker_id}"
    database = Database(clone_database(name), clock=Clock())
    yield database
    database.dispose()
    drop_database(name)


@pytest.fixture
def connection(worker_database: Database) -> Iterator[Connection]:
    """A connection whose transaction is rolled back after the test."""
    with worker_database.engine.connect() as connection:
        transaction = connection.begin()
        yield connection
        transaction.rollback()


@pytest.fixture
def uow(connection: Connection, worker_database: Database) -> Iterator[UnitOfWork]:
    """A unit of work of the system actor inside the test's transaction."""
    info = {"keyring": worker_database.keyring}
    session = Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint", info=info)
    yield UnitOfWork(session, Actor.system("test"), worker_database.clock, "test-request")
    session.close()


@pytest.fixture
def database(request: pytest.FixtureRequest, worker_id: str) -> Iterator[Database]:
    """A database of this test alone, for code that commits or runs in other processes."""
    name = f"kontor_{worker_id}_{abs(hash(request.node.nodeid)) % 10**8}"
    database = Database(clone_database(name), clock=Clock())
    yield database
    database.dispose()
    drop_database(name)
