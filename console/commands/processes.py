"""`kontor web | worker | clock | migrate`: one process each, for an installation on several machines."""

from __future__ import annotations

from contextlib import nullcontext

from console.commands.support import AsJson, answer, quiet, tell
from services.bootstrap import database_url, embedded_server
from services.core import migrate
from services.core.settings import load_settings


def migrate_database(as_json: AsJson = False) -> None:
    """Bring the database to the newest schema. Safe from several machines at once.

    Example: DATABASE_URL=postgresql://… kontor migrate
    """
    settings = quiet(load_settings())
    server = embedded_server(settings)
    with server.in_use(progress=tell) if server else nullcontext():
        url = database_url(settings)
        before = migrate.current_revision(url)
        migrate.upgrade(url)
    after = migrate.head_revision()
    said = f"The database is at {after}." if before == after else f"The database went from {before} to {after}."
    answer({"before": before, "after": after}, said, as_json=as_json)
