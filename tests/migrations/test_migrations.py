from alembic import command
from alembic.util import CommandError

from services.core import migrate
from services.core.db import Database
from tests.conftest import owner_url


def test_up_down_up_shows_no_drift(database: Database):
    migrate.downgrade(owner_url(database), "base")
    migrate.upgrade(owner_url(database))
    try:
        command.check(migrate.alembic_config(owner_url(database)))
    except CommandError as drift:
        raise AssertionError(str(drift)) from drift
