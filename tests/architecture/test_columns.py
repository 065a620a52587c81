"""What no table may hold: floats, naive times, amounts without a currency."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Session
from sqlalchemy.types import Float

from services.bootstrap import load_models
from services.core.db import Database


def test_no_column_is_a_float_or_a_naive_timestamp():
    wrong = [
        f"{table.name}.{column.name}: {column.type!r}"
        for table in load_models().metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Float) or (isinstance(column.type, TIMESTAMP) and not column.type.timezone)
    ]
    assert wrong == []


def test_the_migrated_database_has_none_either(worker_database: Database):
    with Session(worker_database.engine) as session:
        found = session.execute(
            text(
                "SELECT table_name, column_name, data_type FROM information_schema.columns"
                " WHERE table_schema = 'public' AND data_type IN"
                " ('real', 'double precision', 'money', 'timestamp without time zone', 'time with time zone')"
            )
        ).all()
    assert found == []


def test_every_amount_has_a_currency_beside_it(worker_database: Database):
    with Session(worker_database.engine) as session:
        tables = session.execute(
            text(
                "SELECT DISTINCT a.table_name FROM information_schema.columns a WHERE a.table_schema = 'public'"
                " AND a.column_name LIKE '%amount_minor' AND NOT EXISTS (SELECT FROM information_schema.columns c"
                " WHERE c.table_schema = 'public' AND c.table_name = a.table_name AND c.column_name LIKE '%currency%')"
            )
        ).all()
    assert tables == []
