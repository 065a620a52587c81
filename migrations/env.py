"""Alembic's entry: one advisory lock, so that several processes may start at once; lock and statement timeouts."""

from __future__ import annotations

import re

from alembic import context
from sqlalchemy import create_engine, pool, text

from services.bootstrap import load_models

LOCK_KEY = 0x4B4F4E54  # "KONT"

config = context.config
target_metadata = load_models().metadata


def _is_compared(name: str | None, kind: str, _: object) -> bool:
    """Partitions (`…_p0`, `…_p1`) follow their parent and have no model of their own."""
    return not (kind == "table" and name is not None and re.search(r"_p\d+$", name))


def run() -> None:
    engine = create_engine(config.attributes["url"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK_KEY})
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text("SET statement_timeout = '10min'"))
        connection.commit()
        context.configure(
            connection=connection, target_metadata=target_metadata, compare_type=True, include_name=_is_compared
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK_KEY})
        connection.commit()
    engine.dispose()


run()
