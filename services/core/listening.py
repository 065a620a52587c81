"""Hearing what other processes notify, on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from services.core.db import Database
from services.core.log import get_logger

_log = get_logger(__name__)


def listen(database: Database, channel: str, heard: Callable[[str], None], stop: threading.Event) -> None:
    """Calls `heard` with each payload until `stop` is set; connects anew when the connection is lost.

    What was notified while it was lost is not heard: whoever needs all of it looks at the table now and then.
    """
    address = make_url(database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    pause = 0.2
    while not stop.is_set():
        try:
            with psycopg.connect(
                address, autocommit=True, connect_timeout=5, application_name=f"kontor hears {channel}"
            ) as connection:
                connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                pause = 0.2
                while not stop.is_set():
                    for notice in connection.notifies(timeout=0.5):
                        heard(notice.payload)
        except psycopg.Error as error:
            _log.warning("database.listening.lost", channel=channel, error=type(error).__name__)
            stop.wait(pause)
            pause = min(pause * 2, 10.0)
