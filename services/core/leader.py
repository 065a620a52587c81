"""One leader at a time: an advisory lock that the server drops the moment its holder dies."""

from __future__ import annotations

import zlib

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from services.core.db import Database
from services.core.errors import Unavailable

LEADER_CLASS = 19283


class Leadership:
    """A connection apart from the pool that holds, or tries for, the one place called `name`.

    It also hears `channel`, if one is given. Raises Unavailable when the connection is lost; the place is free
    then, and whoever holds it thinks so for a moment longer: what a leader does must bear a second one.
    """

    def __init__(self, database: Database, name: str, *, channel: str | None = None) -> None:
        self._key = zlib.crc32(name.encode()) & 0x7FFFFFFF
        address = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            self._connection = psycopg.connect(
                address, autocommit=True, connect_timeout=5, application_name=f"kontor {name}"
            )
            if channel is not None:
                self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        except psycopg.OperationalError as error:
            raise Unavailable("The database did not answer. Is it running?") from error

    def take(self) -> bool:
        """Tries to take the place; True when it is ours until `leave`."""
        return self._ask("SELECT pg_try_advisory_lock(%s, %s)")

    def leave(self) -> None:
        """Frees the place for others."""
        self._ask("SELECT pg_advisory_unlock(%s, %s)")

    def wait(self, seconds: float) -> bool:
        """Sleeps until something was notified or the time is over; says which."""
        try:
            return bool(list(self._connection.notifies(timeout=seconds, stop_after=1)))
        except psycopg.OperationalError as error:
            raise Unavailable("The connection to the database was lost.") from error

    def close(self) -> None:
        self._connection.close()

    def _ask(self, statement: str) -> bool:
        try:
            row = self._connection.execute(statement, (LEADER_CLASS, self._key)).fetchone()  # pyright: ignore[reportArgumentType]
        except psycopg.OperationalError as error:
            raise Unavailable("The connection to the database was lost.") from error
        return bool(row and row[0])
