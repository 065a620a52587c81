"""Bringing a database to the newest schema."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, pool
from sqlalchemy.exc import OperationalError, ProgrammingError

from services.core.errors import Unavailable

_FOLDER = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Applies what is missing; safe from several processes at once (one advisory lock).

    Raises Unavailable when the database does not answer.
    """
    with _reaching_the_database():
        command.upgrade(alembic_config(url), revision)


def downgrade(url: str, revision: str) -> None:
    command.downgrade(alembic_config(url), revision)


def current_revision(url: str) -> str | None:
    """The schema the database is at; None for an empty one, and for one that is older than the role of `url`.

    Raises Unavailable when it does not answer.
    """
    engine = create_engine(url, poolclass=pool.NullPool, connect_args={"connect_timeout": 5})
    try:
        with _reaching_the_database(), engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        return None
    finally:
        engine.dispose()


def head_revision() -> str | None:
    return ScriptDirectory(str(_FOLDER)).get_current_head()


@contextmanager
def _reaching_the_database() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) not in {None, "3D000", "28P01", "28000", "57P03"}:
            raise
        reason = str(error.orig).strip().splitlines()[0]
        raise Unavailable(f"The database cannot be reached ({reason}). Check DATABASE_URL and the server.") from error
