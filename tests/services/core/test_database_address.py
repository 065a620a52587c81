"""Another machine's PostgreSQL is reached by TLS unless its address decides otherwise."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from services.core.database_address import database_url, tls_of
from services.core.errors import Unavailable
from services.core.settings import Settings


def _reached(address: str) -> str:
    return database_url(Settings(database_url=SecretStr(address)))


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://kontor:p@db.example.com/kontor",
        "postgres://kontor:p@10.0.0.7/kontor",
        "postgresql+psycopg://kontor:p@db.example.com/kontor?application_name=x",
        "host=db.example.com dbname=shop",
    ],
)
def test_another_machine_is_reached_by_tls(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PGSSLMODE", raising=False)
    assert tls_of(address) == {"sslmode": "require"}


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://kontor:p@localhost/kontor",
        "postgresql://kontor:p@127.0.0.1:5433/kontor",
        "postgresql:///kontor?host=/run/postgresql",
        "postgresql://kontor:p@db.example.com/kontor?sslmode=disable",
        "postgresql://kontor:p@db.example.com/kontor?sslmode=verify-full",
        "host=db.example.com sslmode=verify-ca",
    ],
)
def test_this_machine_and_an_address_that_says_so_stay_as_they_are(address: str):
    assert tls_of(address) == {}


def test_what_the_address_says_is_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("PGSSLMODE", raising=False)
    reached = _reached("postgres://kontor:p%40ss@db.example.com/kontor?connect_timeout=3")
    assert reached == "postgresql+psycopg://kontor:p%40ss@db.example.com/kontor?connect_timeout=3&sslmode=require"


@pytest.mark.parametrize("address", ["secret-word", "postgresql://kontor:secret-word@[/kontor"])
def test_what_is_no_address_is_refused_without_being_repeated(address: str):
    with pytest.raises(Unavailable, match="postgresql://name:password@host/database") as refused:
        _reached(address)
    assert "secret-word" not in f"{refused.value} {refused.value.__cause__}"
