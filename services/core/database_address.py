"""Which database an installation uses: a server named by `DATABASE_URL`, or the one in the data folder.

A PostgreSQL on another machine is reached by TLS alone, whoever's it is, unless its address names an `sslmode`.
"""

from __future__ import annotations

import os

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from services.core.embedded_postgres import EmbeddedPostgres
from services.core.errors import Unavailable
from services.core.memory import buffers_mb, usable_mb
from services.core.settings import THIS_MACHINE, Settings


def embedded_server(settings: Settings) -> EmbeddedPostgres | None:
    """The PostgreSQL in the data folder, or None when `DATABASE_URL` names another."""
    if settings.database_url is not None:
        return None
    size = settings.database.shared_buffers_mb or buffers_mb(usable_mb())
    sizes = {"shared_buffers": f"{size}MB"}
    return EmbeddedPostgres(settings.data_dir / "postgres", settings=sizes)


def database_url(settings: Settings) -> str:
    """Where the application works: `DATABASE_URL` as SQLAlchemy takes it, or the embedded server's application role."""
    if settings.database_url is not None:
        return _with_driver(settings.database_url.get_secret_value())
    return EmbeddedPostgres(settings.data_dir / "postgres").application_url


def owner_url(settings: Settings) -> str:
    """Where migrations work: `DATABASE_OWNER_URL`, or the embedded server's owner.

    A server whose owner was not named is migrated with `DATABASE_URL`; the application then owns its audit log,
    which `kontor doctor` complains of.
    """
    if settings.database_url is None:
        return EmbeddedPostgres(settings.data_dir / "postgres").url
    return _with_driver((settings.database_owner_url or settings.database_url).get_secret_value())


def tls_of(address: str) -> dict[str, str]:
    """What a connection to `address` (a URL or libpq's words) is told beside it: to demand TLS of another machine.

    Nothing where the address or `PGSSLMODE` has decided. Raises psycopg.ProgrammingError for what is no address.
    """
    given = conninfo_to_dict(address.replace("postgresql+psycopg://", "postgresql://", 1))
    hosts = str(given.get("host") or given.get("hostaddr") or "").split(",")
    here = all(not host or host in THIS_MACHINE or host.startswith("/") for host in hosts)
    return {} if here or "sslmode" in given or "PGSSLMODE" in os.environ else {"sslmode": "require"}


def _with_driver(url: str) -> str:
    try:
        address = make_url(url).set(drivername="postgresql+psycopg").update_query_dict(tls_of(url))
    except (ArgumentError, ProgrammingError):
        raise Unavailable(
            "DATABASE_URL (or DATABASE_OWNER_URL) is no address of a PostgreSQL; write it as"
            " postgresql://name:password@host/database."
        ) from None
    return address.render_as_string(hide_password=False)
