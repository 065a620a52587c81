"""A workshop: coins, people, and a worker inside the test."""

from __future__ import annotations

import pytest

from services.core.db import Database
from tests.factories.backfills import Workshop


@pytest.fixture
def workshop(database: Database) -> Workshop:
    return Workshop(database)
