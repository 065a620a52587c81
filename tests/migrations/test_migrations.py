from alembic import command
from alembic.util import CommandError

from services.core import migrate
from services.core.db import Database


def test_up_down_up_shows_no_drift(database: Database):
    migrate.downgrade(database.url, "base")
    migrate.upgrade(database.url)
    try:
        command.check(migrate.alembic_config(database.url))
    except CommandError as drift:
        raise AssertionError(str(drift)) from drift
