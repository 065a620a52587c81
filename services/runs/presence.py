"""A process's own session with the database: it shows that the process lives, and hears what concerns it."""

from __future__ import annotations

import contextlib
import os
import socket
import uuid
from collections.abc import Sequence

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import make_url

from services.core.db import Database
from services.core.errors import Unavailable
from services.core.ids import new_id
from services.runs.vocabulary import WorkerRole

LOCK_CLASS = 19287  # advisory locks (19287, worker.number) show which processes live
LEADER_CLASS = 19276

_LOCKED = (
    "(SELECT l.objid::bigint FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
    " WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.classid = 19287"
    " AND d.datname = current_database() AND l.granted)"
)
ALIVE = text("worker.number IN " + _LOCKED)
GONE = text("worker.number NOT IN " + _LOCKED)

_REGISTER = (
    "INSERT INTO worker (id, role, host, pid, concurrency) VALUES (%s, %s, %s, %s, %s)"
    " RETURNING pg_advisory_lock(%s, number::int)"
)


class ProcessSession:
    """One connection apart from the pool. The server drops its locks the moment the process dies.

    Raises Unavailable when the connection is lost; the process then opens another one under a new id, and what it
    held is taken over, by itself or by others.
    """

    def __init__(self, database: Database, *, role: WorkerRole, concurrency: int, channels: Sequence[str]) -> None:
        self.id: uuid.UUID = new_id()
        address = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            self._connection = psycopg.connect(
                address, autocommit=True, connect_timeout=5, application_name=f"kontor {role} presence"
            )
            self._register(role, concurrency, channels)
        except psycopg.OperationalError as error:
            raise Unavailable("The database did not answer. Is it running?") from error

    def _register(self, role: WorkerRole, concurrency: int, channels: Sequence[str]) -> None:
        with self._connection.transaction():
            row = (self.id, role.value, socket.gethostname(), os.getpid(), concurrency, LOCK_CLASS)
            self._connection.execute(_REGISTER, row)
        for channel in channels:
            self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))

    def wait(self, seconds: float) -> bool:
        """Sleeps until something was notified or the time is over; says which."""
        try:
            heard = list(self._connection.notifies(timeout=seconds, stop_after=1))
        except psycopg.OperationalError as error:
            raise Unavailable("The connection to the database was lost.") from error
        return bool(heard)

    def lead(self, office: int) -> bool:
        """Tries to take the one place of leader in `office`; kept until the session ends."""
        try:
            row = self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LEADER_CLASS, office)).fetchone()
        except psycopg.OperationalError as error:
            raise Unavailable("The connection to the database was lost.") from error
        return bool(row and row[0])

    def close(self) -> None:
        """Signs off: others need not find out."""
        with contextlib.suppress(psycopg.OperationalError):
            self._connection.execute("UPDATE worker SET stopped_at = now() WHERE id = %s", (self.id,))
        self._connection.close()
