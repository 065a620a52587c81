"""What the database itself refuses: the application's role, and anybody who changes an entry."""

from __future__ import annotations

import psycopg
import psycopg.errors
import pytest

from services import identity
from services.core.actor import Actor
from services.core.db import Database
from tests.conftest import owner_url
from tests.factories.identity import an_entity

CHANGES = ["UPDATE audit_entry SET action = 'a.b.c'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]


@pytest.fixture
def filled(database: Database) -> Database:
    with database.unit_of_work(Actor.system("test")) as uow:
        an_entity(uow)
        assert identity.legal_entities(uow)
    return database


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""))


@pytest.mark.parametrize("statement", CHANGES)
def test_the_application_may_only_add(filled: Database, statement: str):
    with connect(filled.url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


@pytest.mark.parametrize("statement", CHANGES)
def test_even_a_superuser_acting_as_a_replica_is_refused(filled: Database, statement: str):
    with connect(owner_url(filled)) as connection:
        connection.execute("SET session_replication_role = replica")
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
        "DROP TABLE audit_entry",
        "CREATE RULE forget AS ON INSERT TO audit_entry DO INSTEAD NOTHING",
        "ALTER TABLE audit_entry OWNER TO kontor_app",
    ],
)
def test_the_application_owns_nothing_of_the_log(filled: Database, statement: str):
    with connect(filled.url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(statement.encode())


def test_other_tables_are_the_applications_to_work_with(filled: Database):
    with connect(filled.url) as connection:
        connection.execute("CREATE TEMP TABLE here AS SELECT 1 AS one")
        connection.execute("ANALYZE legal_entity")
        connection.execute("UPDATE legal_entity SET name = 'another'")
    with psycopg.connect(filled.url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) legal_entity")
