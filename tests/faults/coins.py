"""`python -m tests.faults.coins worker`: a worker that knows a backfill which adds one to each of many rows."""

from __future__ import annotations

from jobs.__main__ import cli
from services import backfills
from tests.factories.backfills import ABROAD, BROKEN, PLUS_ONE, SHOUT


def register() -> None:
    for definition in (PLUS_ONE, SHOUT, BROKEN, ABROAD):
        backfills.register(definition)


if __name__ == "__main__":
    register()
    cli()
