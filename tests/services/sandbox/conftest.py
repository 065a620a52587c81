from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from services import sandbox

NOW = dt.datetime(2026, 11, 18, 14, 30, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded data folder that tests only read."""
    folder = tmp_path_factory.mktemp("sandbox")
    sandbox.seed(folder, seed=7, days=40, per_day=80, now=NOW)
    return folder
