"""A web application on a database of its own, without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.kit import application
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.db import Database
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway

SYSTEM = Actor.system("test")


@pytest.fixture
def web(database: Database, tmp_path: Path) -> Iterator[Application]:
    """The wired application of this process; `console.kit.application.current()` gives it."""
    settings = Settings(data_dir=tmp_path, sandbox=True)
    wired = Application(settings, database, StripeGateway.of(settings))
    application.use(wired)
    yield wired
    application.use(None)
