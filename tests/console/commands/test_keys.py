"""`kontor keys rotate` while a web process runs, killed half way and run again: no secret is lost, nobody restarts."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pyotp import random_base32
from pyotp.totp import TOTP

from services import identity
from services.core.actor import Actor
from services.core.db import Database
from services.core.keyring import KeyFolder, Keyring
from services.identity import Role
from tests.factories.codes import shown_code
from tests.factories.identity import PASSWORD, a_user
from tests.journeys.serving import environment, free_port

_SYSTEM = Actor.system("test")
_PEOPLE, _SECRETS = 8, 3000
_WEB = """
import sys, uvicorn
from console.http_api.app import api
from console.kit import application
from console.kit.gate import Gate
from services.bootstrap import bootstrap
application.use(bootstrap("web"))
uvicorn.run(Gate(api), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
"""


@pytest.fixture
def seeds(database: Database, tmp_path: Path) -> dict[str, str]:
    """People with an app each, by address, and thousands of secrets besides, all under the first key."""
    database.keyring = Keyring(KeyFolder(tmp_path / "keys"))
    found: dict[str, str] = {}
    with database.unit_of_work(_SYSTEM) as uow:
        for number in range(_PEOPLE):
            email, factor_id, seed = f"person{number}@example.com", uuid.uuid4(), random_base32(32)
            user_id, found[email] = a_user(uow, Role.DEV, email=email), seed
            uow.driver.execute(
                "INSERT INTO totp_factor (id, user_id, label, seed, confirmed_at) VALUES (%s, %s, 'App', %s, now())",
                (factor_id, user_id, uow.keyring.seal(seed.encode(), f"totp:{factor_id}")),
            )
        owner = identity.user_by_email(uow, email="person0@example.com").id
        ids = [uuid.uuid4() for _ in range(_SECRETS)]
        rows = [(each, owner, uow.keyring.seal(each.bytes, f"totp:{each}")) for each in ids]
        with uow.driver.cursor() as cursor:
            cursor.executemany("INSERT INTO totp_factor (id, user_id, label, seed) VALUES (%s, %s, 'More', %s)", rows)
    return found


@pytest.fixture
def address(database: Database, tmp_path: Path, seeds: dict[str, str]) -> Iterator[str]:
    """The HTTP side of the console in a process of its own, which lasts for the whole test."""
    port = free_port()
    surroundings = environment(database, tmp_path, port)
    process = subprocess.Popen([sys.executable, "-c", _WEB, str(port)], env=surroundings)
    url = f"http://localhost:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(f"{url}/healthz", timeout=5)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url
        assert process.poll() is None, "the process was never replaced"
    finally:
        process.terminate()
        process.wait(timeout=15)


def test_rotation_while_the_console_runs_killed_half_way_and_run_again(address, database, tmp_path, seeds):
    people = iter(seeds.items())
    _signs_in(address, *next(people))
    first = database.keyring.active

    begun = _rotate(database, tmp_path)
    while not (moved := _moved_from(database, first)):
        assert begun.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    begun.kill()
    begun.wait()
    assert 0 < moved < _PEOPLE + _SECRETS, "killed half way: secrets lie under both keys"
    assert database.keyring.active != first
    for _ in range(3):
        _signs_in(address, *next(people))
    _everything_opens(database, tmp_path)

    again = _rotate(database, tmp_path)
    _signs_in(address, *next(people))
    assert again.wait(timeout=120) == 0
    assert _moved_from(database, database.keyring.active) == 0, "everything lies under the newest key"
    _everything_opens(database, tmp_path)
    with database.unit_of_work(_SYSTEM) as uow:
        for key in set(uow.keyring.ids) - {uow.keyring.active}:
            identity.retire_key(uow, key_id=key)
    for _ in range(3):
        _signs_in(address, *next(people))


def _rotate(database: Database, folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "console.cli", "keys", "rotate"]
    return subprocess.Popen(command, env=environment(database, folder, free_port()))


def _moved_from(database: Database, key_id: str) -> int:
    """How many secrets lie under another key than this one."""
    with database.unit_of_work(_SYSTEM) as uow:
        return _PEOPLE + _SECRETS - identity.secrets_under(uow, key_id=key_id)


def _signs_in(address: str, email: str, seed: str) -> None:
    """Through the running process, which has to open the person's seed to check the code."""
    with httpx.Client(base_url=address, headers={"origin": address}, timeout=60) as browser:
        half = browser.post("/auth/sign-in", data={"email": email, "password": PASSWORD, "next": "/account"})
        assert half.headers["location"].startswith("/auth/factor")
        done = browser.post("/auth/factor", data={"code": shown_code(TOTP(seed)), "next": "/account"})
        assert (done.status_code, done.headers.get("location")) == (303, "/account")


def _everything_opens(database: Database, folder: Path) -> None:
    """With the keys as they lie in the folder, by somebody who has just come."""
    fresh = Keyring(KeyFolder(folder / "keys"))
    with database.unit_of_work(_SYSTEM) as uow:
        rows = uow.driver.execute("SELECT id, label, seed FROM totp_factor").fetchall()
    assert len(rows) == _PEOPLE + _SECRETS
    for factor_id, label, sealed in rows:
        opened = fresh.open(sealed, f"totp:{factor_id}")
        assert label == "App" or opened == factor_id.bytes
