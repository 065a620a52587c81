"""Counting guesses atomically in the database, with a wait that grows."""

from __future__ import annotations

import hashlib
import math

from sqlalchemy import delete, text, update

from services.core.db import UnitOfWork
from services.identity.models import SignInThrottle

# One statement counts the attempt before the password is looked at and keeps the row locked until the
# transaction ends, so that parallel guesses queue up and find the lock. Not counted while locked.
_COUNT = text(
    """
    INSERT INTO sign_in_throttle AS t (key, failures, last_failure_at) VALUES (:key, 1, clock_timestamp())
    ON CONFLICT (key) DO UPDATE SET
      failures = CASE WHEN t.last_failure_at < clock_timestamp() - interval '1 day' THEN 1 ELSE t.failures + 1 END,
      last_failure_at = clock_timestamp(),
      locked_until = CASE
        WHEN t.last_failure_at >= clock_timestamp() - interval '1 day' AND t.failures + 1 >= :free
        THEN clock_timestamp() + make_interval(secs => least(900, 30 * power(2, least(t.failures + 1 - :free, 10))))
      END
    WHERE t.locked_until IS NULL OR t.locked_until <= clock_timestamp()
    RETURNING failures
    """
)
_WAIT = text("SELECT extract(epoch FROM locked_until - clock_timestamp()) FROM sign_in_throttle WHERE key = :key")


def count_attempt(uow: UnitOfWork, key: str, free: int) -> int:
    """Counts one guess before it is looked at and returns 0, or the seconds to wait instead.

    After `free` guesses in a row each further one waits: 30 s, doubling up to 15 minutes. A day without a guess
    clears the count.
    """
    if uow.session.execute(_COUNT, {"key": key, "free": free}).first() is not None:
        return 0
    return max(1, math.ceil(uow.session.execute(_WAIT, {"key": key}).scalar() or 0))


def email_key(email: str) -> str:
    """The count of one address, whoever it belongs to; a hash, so that the table names nobody."""
    return "email:" + hashlib.sha256(email.encode()).hexdigest()


def forget(uow: UnitOfWork, key: str) -> None:
    """After a right answer: the next guess is the first again."""
    uow.session.execute(delete(SignInThrottle).where(SignInThrottle.key == key))


def give_back(uow: UnitOfWork, key: str) -> None:
    """Takes one guess off a count that others share."""
    uow.session.execute(
        update(SignInThrottle)
        .where(SignInThrottle.key == key)
        .values(failures=SignInThrottle.failures - 1, locked_until=None)
    )
