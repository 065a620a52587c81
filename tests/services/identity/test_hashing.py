"""The work of argon2id, counted: at most two at a time, and the same for a person who does not exist."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError

from services import identity
from services.core.db import UnitOfWork
from services.identity.passwords import hash_password, matches
from tests.factories.identity import PASSWORD, a_user

_OWASP = (19 * 1024, 2, 1)  # KiB, passes, lanes


class Work:
    """Every computation of argon2id: what it cost, whether it was carried to its end, and how many ran at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.costs: list[tuple[int, int, int]] = []
        self.most, self._now, self._gate = 0, 0, threading.Condition()
        self.company = 1  # a computation waits, for a moment at most, until so many run
        for name in ("hash", "verify"):
            monkeypatch.setattr(PasswordHasher, name, self._watched(getattr(PasswordHasher, name)))

    def _watched(self, compute: Callable[..., Any]) -> Callable[..., Any]:
        def watched(hasher: PasswordHasher, *given: Any) -> Any:
            with self._gate:
                self._now += 1
                self.most = max(self.most, self._now)
                self._gate.notify_all()
                self._gate.wait_for(lambda: self.most >= self.company, timeout=0.5)
            try:
                done = compute(hasher, *given)
                self._note(done if isinstance(done, str) else given[0])
                return done
            except VerifyMismatchError:  # anything else would be a refusal before the work
                self._note(given[0])
                raise
            finally:
                with self._gate:
                    self._now -= 1

        return watched

    def _note(self, encoded: str) -> None:
        used = extract_parameters(encoded)
        self.costs.append((used.memory_cost, used.time_cost, used.parallelism))


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    return Work(monkeypatch)


def test_no_more_than_two_are_computed_at_a_time(work: Work):
    stored = hash_password(PASSWORD)
    work.costs.clear()
    work.company = 3
    with ThreadPoolExecutor(8) as threads:
        made = [threads.submit(hash_password, PASSWORD) for _ in range(4)]
        checked = [threads.submit(matches, stored, PASSWORD) for _ in range(4)]
    assert all(one.result() for one in (*made, *checked))
    assert work.costs == [_OWASP] * 8
    assert work.most == 2


@pytest.mark.parametrize("email", ["ada@example.com", "invited@example.com", "nobody@example.com"])
def test_a_sign_in_takes_the_same_work_whoever_is_asked_for(uow: UnitOfWork, work: Work, email: str):
    a_user(uow)
    identity.create_user(uow, email="invited@example.com", display_name="Invited", password=None)
    work.costs.clear()
    refused = identity.authenticate(uow, email=email, password="wrong", address=None, user_agent=None)
    assert refused == identity.SignInRefused()
    assert work.costs == [_OWASP]
