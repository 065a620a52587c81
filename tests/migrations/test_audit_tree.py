"""Entries of the first format are carried over, and back, without losing a word."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from services.core import migrate
from services.core.canonical_json import canonical_bytes
from services.core.db import Database
from tests.conftest import owner_url

_BEFORE = "20261121_09_dunning"
_INSERT = (
    "INSERT INTO audit_entry (id, action, actor_kind, actor_id, actor_name, address, request_id, subject_type,"
    " subject_id, before, after, reason, outcome, canonical) VALUES (%(id)s, 'identity.user.renamed', 'user',"
    " %(id)s, 'Ada', '203.0.113.9', 'r-1', 'user', 'u-1', '{\"email\": \"a@example.com\", \"n\": 1}', NULL,"
    " 'She asked', 'done', %(canonical)s)"
)


def _connect(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url.replace("+psycopg", ""), row_factory=dict_row)  # pyright: ignore[reportArgumentType]


def test_old_entries_are_divided_and_come_back_whole(database: Database):
    url = owner_url(database)
    database.dispose()
    migrate.downgrade(url, _BEFORE)
    with _connect(url) as connection:
        for number in range(1, 4):
            row = {"id": f"00000000-0000-7000-8000-{number:012}", "canonical": canonical_bytes({"n": number})}
            connection.execute(_INSERT, row)
        old = connection.execute("SELECT * FROM audit_entry ORDER BY id").fetchall()
    migrate.upgrade(url)
    with _connect(url) as connection:
        rows = connection.execute("SELECT * FROM audit_reading ORDER BY id").fetchall()
        assert [(r["actor_name"], r["address"], r["reason"]) for r in rows] == [("Ada", "203.0.113.9", "She asked")] * 3
        assert rows[0]["before"] == {"email": {"personal": True}, "n": 1}
        held = connection.execute(
            "SELECT count(*) FROM audit_entry e JOIN audit_personal p ON p.entry_id = e.id"
            " WHERE commitment = sha256(salt || data) AND strpos(convert_from(canonical, 'UTF8'), 'Ada') = 0"
        ).fetchone()
        assert held == {"count": 3}
    migrate.downgrade(url, _BEFORE)
    with _connect(url) as connection:
        back = connection.execute("SELECT * FROM audit_entry ORDER BY id").fetchall()
    assert [{k: v for k, v in row.items() if k != "canonical"} for row in back] == [
        {k: v for k, v in row.items() if k != "canonical"} for row in old
    ]
    migrate.upgrade(url)
