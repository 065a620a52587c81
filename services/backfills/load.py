"""What the database that a backfill works in is busy with."""

from __future__ import annotations

import dataclasses
import time

from sqlalchemy import Connection, text

from services import payments
from services.backfills.definition import Definition
from services.backfills.policy import Load
from services.backfills.targets import at_target
from services.core.db import UnitOfWork

# Rows of other roles may hide their times from the application; those count as zero.
_READ = text(
    """
    SELECT
        coalesce((SELECT max(extract(epoch FROM replay_lag)) FROM pg_stat_replication), 0) * 1000 AS replication_ms,
        coalesce((SELECT max(extract(epoch FROM clock_timestamp() - xact_start)) FROM pg_stat_activity
                  WHERE datname = current_database() AND backend_type = 'client backend'
                    AND pid <> pg_backend_pid()), 0) * 1000 AS oldest_transaction_ms,
        coalesce((SELECT max(extract(epoch FROM clock_timestamp() - l.waitstart))
                  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
                  WHERE NOT l.granted AND a.datname = current_database()), 0) * 1000 AS lock_wait_ms,
        pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0') AS wal
    """
)


class LoadMeter:
    """Reads the load at most once a second; the rate of write-ahead log is taken between two readings."""

    def __init__(self) -> None:
        self._read_at = 0.0
        self._wal = 0
        self._load = Load()

    def read(self, connection: Connection) -> Load:
        now = time.monotonic()
        if now - self._read_at < 1.0:
            return self._load
        row = connection.execute(_READ).one()
        wal = int(row.wal)
        rate = int((wal - self._wal) / (now - self._read_at)) if self._wal else 0
        self._read_at, self._wal = now, wal
        self._load = Load(int(row.replication_ms), int(row.oldest_transaction_ms), int(row.lock_wait_ms), rate)
        return self._load


def load_of(uow: UnitOfWork, definition: Definition, meter: LoadMeter) -> Load:
    """That of the definition's own database, and how long payment events wait here. Raises TargetUnavailable."""
    with at_target(uow, definition, keep=False) as connection:
        load = meter.read(connection)
    return dataclasses.replace(load, payments_ms=payments.oldest_event_ms(uow))
