"""The command line in this process."""

import sys
from collections.abc import Callable

import pytest

from console.cli import app
from console.commands import support
from services.core.db import Database

Kontor = Callable[..., int]


@pytest.fixture
def kontor(database: Database, monkeypatch: pytest.MonkeyPatch) -> Kontor:
    """Runs `kontor …` in this process against the test's own database."""
    monkeypatch.setenv("DATABASE_URL", database.url)

    def run(*arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["kontor", *arguments])
        return support.run(app)

    return run
