"""Turns are taken by name, alone or together, and end with the transaction."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from services.core.db import Database
from services.core.locks import take_turn


def _impatient(connection: Connection) -> Connection:
    connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
    return connection


def test_who_comes_second_waits_until_the_first_has_ended(database: Database) -> None:
    with database.engine.connect() as first, database.engine.connect() as second:
        take_turn(first, "bank/import")
        take_turn(_impatient(second), "books/import")
        with pytest.raises(OperationalError):
            take_turn(second, "bank/import")
        second.rollback()
        first.commit()
        take_turn(_impatient(second), "bank/import")


def test_those_who_come_together_wait_only_for_one_who_comes_alone(database: Database) -> None:
    with database.engine.connect() as first, database.engine.connect() as second:
        take_turn(first, "month", together=True)
        take_turn(_impatient(second), "month", together=True)
        second.rollback()
        with pytest.raises(OperationalError):
            take_turn(_impatient(second), "month")
