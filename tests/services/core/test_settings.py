"""What an installation is told from outside, and what it refuses to start with."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.core.errors import Invalid
from services.core.settings import load_settings


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KONTOR_SECRETS_DIR", str(tmp_path))
    for name in ("DATABASE_URL", "KONTOR_MAIL__PASSWORD", "KONTOR_MAIL__HOST"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_secrets_come_from_files_that_a_vault_puts_there(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "DATABASE_URL").write_text("postgresql://kontor:first@localhost/kontor\n")
    (folder / "KONTOR_MAIL__PASSWORD").write_text("second\n")
    (folder / "KONTOR_STRIPE__ACCOUNTS").write_text('{"mh-de": {"api_key": "sk_test_third", "webhook_secret": "w"}}')
    monkeypatch.setenv("KONTOR_MAIL__HOST", "mail.example")
    settings = load_settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == "postgresql://kontor:first@localhost/kontor"
    assert settings.mail.password is not None
    assert (settings.mail.host, settings.mail.password.get_secret_value()) == ("mail.example", "second")
    assert settings.stripe.accounts["mh-de"].api_key.get_secret_value() == "sk_test_third"


def test_the_environment_counts_before_a_file(folder: Path, monkeypatch: pytest.MonkeyPatch):
    (folder / "KONTOR_MAIL__HOST").write_text("file.example")
    monkeypatch.setenv("KONTOR_MAIL__HOST", "environment.example")
    assert load_settings().mail.host == "environment.example"


def test_a_folder_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("KONTOR_SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(Invalid, match="KONTOR_SECRETS_DIR: No such file"):
        load_settings()


@pytest.mark.parametrize("address", ["rediss://:word@cache.example:6380/0", "redis://localhost:6379", "unix:///run/r"])
def test_redis_by_tls_or_on_this_machine_is_taken(address: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REDIS_URL", address)
    assert load_settings().redis_url is not None


def test_redis_of_another_machine_in_the_clear_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("REDIS_URL", "redis://:secret-word@cache.example:6379")
    with pytest.raises(Invalid, match="REDIS_URL: another machine is reached by TLS") as refused:
        load_settings()
    assert "secret-word" not in str(refused.value)


def test_a_statement_of_another_database_ends_with_its_batch(monkeypatch: pytest.MonkeyPatch):
    address = '{{"shop": {{"dsn": "postgresql://kontor:secret-word@db/shop", "statement_seconds": {}}}}}'
    monkeypatch.setenv("KONTOR_BACKFILLS__TARGETS", address.format(15))
    assert load_settings().backfills.targets["shop"].statement_seconds == 15
    monkeypatch.setenv("KONTOR_BACKFILLS__TARGETS", address.format(30))
    with pytest.raises(Invalid, match="SHOP__STATEMENT_SECONDS: Input should be less than or equal to 15") as refused:
        load_settings()
    assert "secret-word" not in str(refused.value)
