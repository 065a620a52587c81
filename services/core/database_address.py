"""Which database an installation uses: a server named by `DATABASE_URL`, or the one in the data folder."""

from __future__ import annotations

from services.core.embedded_postgres import EmbeddedPostgres
from services.core.settings import Settings


def embedded_server(settings: Settings) -> EmbeddedPostgres | None:
    """The PostgreSQL in the data folder, or None when `DATABASE_URL` names another."""
    if settings.database_url is not None:
        return None
    sizes = {"shared_buffers": f"{settings.database.shared_buffers_mb}MB"}
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


def _with_driver(url: str) -> str:
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
