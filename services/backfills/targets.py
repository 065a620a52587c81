"""The database a definition works in: the console's own, or one of the settings with a role of its own.

A transaction there cannot join ours. So the cursor there is the truth: it moves in the transaction of the data, under
an epoch of its own, and what stands here is copied from it in passing (`mirror`). Addresses carry passwords; no error
repeats them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg import ProgrammingError
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError

from services.backfills import mirror
from services.backfills.definition import Definition
from services.backfills.errors import TargetBusy, TargetUnavailable
from services.core.database_address import tls_of
from services.core.db import UnitOfWork

_NEEDED_VERSION = 180_000  # RETURNING old.*, new.*
_BATCH_SECONDS = 15  # a worker that freezes in a batch gives its locks back
LONG_SECONDS = 900.0  # of what is measured
# Locks and time-outs, a serialisation failure, a deadlock: another try may go well.
_PASSING = ("55P03", "57014", "25P03", "25P04", "40001", "40P01")


@dataclass(frozen=True, slots=True, repr=False)
class TargetAddress:
    """Where a target is. `statement_seconds` and `lock_seconds` bound each statement of a batch, `measuring_seconds`
    what is measured in one go: a dry run, the count at the start, a verification."""

    dsn: str
    statement_seconds: float = 10.0
    lock_seconds: float = 3.0
    measuring_seconds: float = LONG_SECONDS


@dataclass(frozen=True, slots=True)
class _Target:
    address: TargetAddress
    engine: Engine


_addresses: dict[str, TargetAddress] = {}
_open: dict[str, _Target] = {}


def know_targets(addresses: Mapping[str, TargetAddress]) -> None:
    """Makes the targets of the settings known; nothing is connected yet. Former ones are closed."""
    for one in _open.values():
        one.engine.dispose()
    _open.clear()
    _addresses.clear()
    _addresses.update(addresses)


@contextmanager
def at_target(
    uow: UnitOfWork, definition: Definition, *, follow: uuid.UUID | None = None, long: bool = False, keep: bool = True
) -> Iterator[Connection]:
    """A connection to where the rows are: that of `uow`, or a transaction of its own that ends with the block.

    `follow` names the backfill whose cursor and log are copied to ours before it commits; `long` allows statements of
    minutes; without `keep` nothing stays. Raises TargetUnavailable, TargetBusy.
    """
    if definition.database is None:
        yield uow.session.connection()
        return
    target = _target(definition.database)
    try:
        with target.engine.connect() as connection:
            _bound(connection, target.address, long)
            yield connection
            if follow is not None:
                mirror.follow(uow.session.connection(), connection, follow)
            if keep:
                connection.commit()
    except DBAPIError as error:
        raise _as_ours(definition.database, error) from None


def _target(name: str) -> _Target:
    if name not in _addresses:
        raise TargetUnavailable(f"There is no target “{name}” in the settings; set KONTOR_BACKFILLS__TARGETS.")
    if name not in _open:
        address = _addresses[name]
        try:
            url = make_url(address.dsn).set(drivername="postgresql+psycopg").update_query_dict(tls_of(address.dsn))
        except (ArgumentError, ProgrammingError):
            raise TargetUnavailable(f"The address of the target “{name}” cannot be read.") from None
        arguments = {"prepare_threshold": None, "application_name": "kontor backfill", "connect_timeout": 5}
        engine = create_engine(
            url, pool_size=2, max_overflow=4, pool_pre_ping=True, connect_args=arguments, hide_parameters=True
        )
        _open[name] = _Target(address, engine)
    return _open[name]


def _bound(connection: Connection, address: TargetAddress, long: bool) -> None:
    version = connection.connection.driver_connection.info.server_version  # pyright: ignore[reportOptionalMemberAccess]
    if version < _NEEDED_VERSION:
        raise TargetUnavailable("The target's PostgreSQL is older than 18; before-images need its RETURNING.")
    whole = address.measuring_seconds if long else _BATCH_SECONDS
    limits = {
        "statement_timeout": whole if long else address.statement_seconds,
        "lock_timeout": address.lock_seconds,
        "transaction_timeout": whole,
        "idle_in_transaction_session_timeout": whole,
    }
    settings = ", ".join(f"set_config('{name}', '{int(seconds * 1000)}', true)" for name, seconds in limits.items())
    connection.execute(text(f"SELECT {settings}"))


def _as_ours(name: str, error: DBAPIError) -> Exception:
    state = getattr(error.orig, "sqlstate", None)
    lost = state is None and isinstance(error, OperationalError | InterfaceError)
    if state in _PASSING:  # some of them end the connection as well
        return TargetBusy(f"The database “{name}” is busy: {_first_line(error)}")
    if lost or error.connection_invalidated or (state or "").startswith(("08", "57P", "28")):
        return TargetUnavailable(f"The database “{name}” does not answer.")
    return error


def _first_line(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
