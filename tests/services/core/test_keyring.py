"""Secrets at rest: sealed for one place, re-wrapped under new keys, readable throughout."""

from __future__ import annotations

import base64
import os
import stat
import threading
from pathlib import Path

import pytest

from services import identity
from services.core.actor import Actor
from services.core.db import Database, UnitOfWork
from services.core.errors import Conflict, Forbidden, Invalid, Unavailable
from services.core.keyring import GivenKeys, KeyFolder, Keyring
from services.identity import Role
from tests.factories.identity import a_user, acting_as

_SYSTEM = Actor.system("test")


def _given(*names: str, active: str) -> GivenKeys:
    return GivenKeys({name: base64.b64encode(name.encode().ljust(32, b".")).decode() for name in names}, active)


def test_what_was_sealed_opens_for_its_context_alone(tmp_path: Path):
    keyring = Keyring(KeyFolder(tmp_path / "keys"))
    sealed = keyring.seal(b"a seed", "totp:1")
    assert b"a seed" not in sealed
    assert sealed != keyring.seal(b"a seed", "totp:1")
    assert keyring.open(sealed, "totp:1") == b"a seed"
    with pytest.raises(Unavailable):
        keyring.open(sealed, "totp:2")


@pytest.mark.parametrize("place", [0, 4, 30, -1])
def test_an_altered_secret_does_not_open(tmp_path: Path, place: int):
    keyring = Keyring(KeyFolder(tmp_path))
    sealed = bytearray(keyring.seal(b"a seed", "totp:1"))
    sealed[place] ^= 1
    with pytest.raises(Unavailable):
        keyring.open(bytes(sealed), "totp:1")
    with pytest.raises(Unavailable):
        keyring.open(b"not sealed at all", "totp:1")


def test_keys_are_for_the_account_alone(tmp_path: Path):
    folder = tmp_path / "keys"
    key = Keyring(KeyFolder(folder)).active
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / f"{key}.key").stat().st_mode) == 0o600


def test_processes_that_start_together_make_one_key(tmp_path: Path):
    start, found = threading.Barrier(8), []

    def begin() -> None:
        start.wait()
        found.append(Keyring(KeyFolder(tmp_path / "keys")).active)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_rotation_by_one_process_is_seen_by_another(tmp_path: Path):
    one, other = Keyring(KeyFolder(tmp_path)), Keyring(KeyFolder(tmp_path))
    old = other.seal(b"x", "c")
    new = one.rotate()
    assert other.active == new
    assert other.open(old, "c") == b"x"
    rewrapped = other.rewrap(old)
    assert rewrapped.startswith(one.header())
    assert one.open(rewrapped, "c") == b"x"


def test_keys_of_the_settings_are_checked_and_not_made():
    keyring = Keyring(_given("a", "b", active="b"))
    assert Keyring(_given("a", "b", active="a")).open(keyring.seal(b"x", "c"), "c") == b"x"
    with pytest.raises(Unavailable):
        Keyring(_given("a", active="a")).open(keyring.seal(b"x", "c"), "c")
    with pytest.raises(Invalid):
        keyring.rotate()
    with pytest.raises(Invalid):
        _given("a", active="b")
    with pytest.raises(Invalid) as refused:
        GivenKeys({"a": "c2hvcnQ="}, "a")
    assert "c2hvcnQ" not in refused.value.sentence


def test_rotation_rewraps_every_secret_while_others_read(database: Database, tmp_path: Path):
    database.keyring = Keyring(KeyFolder(tmp_path / "keys"))
    with database.unit_of_work(_SYSTEM) as uow:
        user_id = a_user(uow)
        seeds = {os.urandom(8).hex(): os.urandom(20) for _ in range(450)}
        for label, seed in seeds.items():
            uow.driver.execute(
                "INSERT INTO totp_factor (id, user_id, label, seed) VALUES (gen_random_uuid(), %s, %s, %s)",
                (user_id, label, uow.keyring.seal(seed, f"totp:{label}")),
            )
    old = database.keyring.active
    with database.unit_of_work(_SYSTEM) as uow:
        new = identity.rotate_keys(uow)
    rounds = 0
    while True:
        with database.unit_of_work(_SYSTEM) as uow:
            rows = uow.driver.execute("SELECT label, seed FROM totp_factor").fetchall()
            assert {label: uow.keyring.open(sealed, f"totp:{label}") for label, sealed in rows} == seeds
            if not identity.rewrap_secrets(uow):
                break
        rounds += 1
    assert rounds == 3
    with database.unit_of_work(_SYSTEM) as uow:
        assert (identity.secrets_under(uow, key_id=old), identity.secrets_under(uow, key_id=new)) == (0, 450)
        identity.retire_key(uow, key_id=old)
        assert uow.keyring.ids == [new]
        with pytest.raises(Conflict):
            identity.retire_key(uow, key_id=new)


def test_only_who_may_set_up_rotates(uow: UnitOfWork):
    a_user(uow, Role.FINANCE)
    for refused in (identity.rotate_keys, identity.rewrap_secrets):
        with pytest.raises(Forbidden):
            refused(acting_as(uow))
