"""Each entry of a stretch is judged by itself: what holds holds whatever its values are, and a changed column shows."""

from __future__ import annotations

import dataclasses
import uuid

import psycopg

from services import audit
from services.audit.leaves import read_chunk
from services.core.actor import Actor
from services.core.db import Database
from services.core.ids import new_id
from tests.conftest import owner_url
from tests.services.audit.conftest import SYSTEM, Log

PLAIN = ["p-1", "", "\u00fc \u20ac \U0001f600", "x" * 3_000, "a,b:{}"]
# What canonical JSON escapes.
ESCAPED = ['p-"2', "p-\\", "p-\n", "p-\x01", 'p","subject_type":"x']


def _write(database: Database, subjects: list[str]) -> None:
    person = Actor(SYSTEM.kind, new_id(), "Somebody", session_id=new_id(), address="192.0.2.1")
    with database.unit_of_work(SYSTEM) as uow:
        for number, subject in enumerate(subjects * 3):
            uow.actor = dataclasses.replace(person if number % 3 else SYSTEM, grants=SYSTEM.grants)
            audit.record(
                uow,
                action="payments.payment.refunded",
                subject_type="payment",
                subject_id=subject,
                entity_id=new_id() if number % 2 else None,
                after={"amount_minor": number} if number % 4 else None,
            )


def test_values_of_every_kind_are_found_to_hold(log: Log):
    _write(log.database, [*PLAIN, *ESCAPED])
    size = log.seal()
    chunk = read_chunk(log.database, SYSTEM, 0, size)
    assert (chunk.count, chunk.wrong) == (size, [])


_COLUMNS = {
    "action": "'payments.payment.captured'",
    "actor_kind": "actor_kind || 'x'",
    "actor_id": "CASE WHEN actor_id IS NULL THEN gen_random_uuid() END",
    "session_id": "CASE WHEN session_id IS NULL THEN gen_random_uuid() END",
    "entity_id": "CASE WHEN entity_id IS NULL THEN gen_random_uuid() END",
    "outcome": "'refused'",
    "request_id": "request_id || '0'",
    "subject_id": "subject_id || E'\\x01'",
    "subject_type": "left(subject_type, -1)",
    "recorded_at": "recorded_at + interval '1 microsecond'",
    "commitment": "commitment || ''::bytea || substr(commitment, 1, 1)",
}


def test_each_changed_column_is_found_at_its_leaf_and_nowhere_else(log: Log):
    _write(log.database, PLAIN)
    size, spoilt = log.seal(), {}
    with psycopg.connect(owner_url(log.database).replace("+psycopg", "")) as superuser:
        superuser.execute("ALTER TABLE audit_entry DISABLE TRIGGER ALL")
        for leaf, (column, value) in enumerate(_COLUMNS.items(), start=2):
            found = superuser.execute("SELECT entry_id FROM audit_leaf WHERE index = %s", (leaf,))
            ((spoilt[leaf],),) = found.fetchall()
            statement = f"UPDATE audit_entry SET {column} = {value} WHERE id = %s"
            assert superuser.execute(statement.encode(), (spoilt[leaf],)).rowcount == 1
    chunk = read_chunk(log.database, SYSTEM, 0, size)
    assert {leaf: uuid.UUID(entry) for leaf, entry, kind in chunk.wrong if kind == "columns_changed"} == spoilt
    assert {leaf for leaf, *_ in chunk.wrong} == set(spoilt)
