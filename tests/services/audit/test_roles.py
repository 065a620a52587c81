"""What the database itself refuses: the application's role, and anybody who changes an entry."""

from __future__ import annotations

import psycopg
import psycopg.errors
import pytest

from services import audit, identity
from services.core.db import Database
from tests.conftest import owner_url
from tests.factories.identity import an_entity
from tests.services.audit.conftest import SYSTEM, Log

# Of each table that is only added to, a column to change.
_ADDED_TO = {
    "audit_entry": "action",
    "audit_leaf": "hash",
    "audit_node": "hash",
    "audit_checkpoint": "note",
    "audit_verification": "problems",
    "audit_personal": "salt",
}
CHANGES = [
    change
    for table, column in _ADDED_TO.items()
    for change in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE")
]


@pytest.fixture
def filled(log: Log) -> Database:
    """A row in each table of the log; 256 leaves make the first stored node."""
    with log.database.unit_of_work(SYSTEM) as uow:
        an_entity(uow)
        assert identity.legal_entities(uow)
    log.write(256)
    log.seal()
    assert log.sign() is not None
    with log.database.unit_of_work(SYSTEM) as uow:
        audit.save_verification(uow, done=log.verify())
    return log.database


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
