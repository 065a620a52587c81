"""The database: declarative base, engine, unit of work."""

from __future__ import annotations

import base64
import datetime as dt
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, ClassVar

import psycopg
from sqlalchemy import BigInteger, CheckConstraint, Engine, MetaData, String, create_engine
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session

from services.core.actor import Actor
from services.core.clock import Clock
from services.core.errors import DatabaseUnavailable
from services.core.ids import new_id
from services.core.keyring import GivenKeys, Keyring

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table. Times are `timestamptz`, integers `bigint`, mappings `jsonb`."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        dt.datetime: TIMESTAMP(timezone=True),
        int: BigInteger,
        uuid.UUID: UUID(as_uuid=True),
        dict[str, Any]: JSONB,
        str: String,
    }


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """The CHECK that `column` holds a member of the enum, or nothing where it may be null."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


class UnitOfWork:
    """One transaction and who acts in it. Services flush on `session`; only the edge commits."""

    def __init__(self, session: Session, actor: Actor, clock: Clock, request_id: str) -> None:
        self.session = session
        self.actor = actor
        self.clock = clock
        self.request_id = request_id

    @property
    def keyring(self) -> Keyring:
        """Seals and opens what is secret at rest; it came with the database."""
        return self.session.info["keyring"]

    @property
    def driver(self) -> Any:
        """The psycopg connection of this transaction, for COPY and other bulk work inside it."""
        return self.session.connection().connection.driver_connection


class Database:
    """An engine and the way to open units of work on it. Created in `bootstrap`, never at import.

    Without a `keyring` secrets are sealed for the life of this object alone.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        keyring: Keyring | None = None,
        pool_size: int = 5,
        application_name: str = "kontor",
    ) -> None:
        self.url = url
        self.clock = clock or Clock()
        self.keyring = keyring or Keyring(GivenKeys({"process": base64.b64encode(os.urandom(32)).decode()}, "process"))
        self.engine: Engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            pool_timeout=5,
            # psycopg would cache plans at the fifth execution and ignore later SET enable_*.
            connect_args={"prepare_threshold": None, "application_name": application_name, "connect_timeout": 5},
        )

    @contextmanager
    def unit_of_work(self, actor: Actor, *, request_id: str | None = None) -> Iterator[UnitOfWork]:
        """A transaction that commits when the block ends and rolls back on any error.

        Raises DatabaseUnavailable with a plain sentence when the database does not answer.
        """
        session = Session(self.engine, expire_on_commit=False, info={"keyring": self.keyring})
        try:
            yield UnitOfWork(session, actor, self.clock, request_id or str(new_id()))
            session.commit()
        except (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError) as error:
            session.rollback()
            if _is_connection_loss(error):
                raise DatabaseUnavailable("The database did not answer. Nothing was changed. Try again.") from error
            raise
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()

    def dispose(self) -> None:
        self.engine.dispose()


def _is_connection_loss(error: Exception) -> bool:
    """`error` comes from SQLAlchemy, or from the driver itself while COPY runs on it."""
    if isinstance(error, OperationalError | InterfaceError) and error.connection_invalidated:
        return True
    state = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state is None or state.startswith(("08", "57P"))
