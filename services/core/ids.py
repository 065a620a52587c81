"""UUIDv7 (RFC 9562): ids that sort by the time they were made, so that indexes grow at one end."""

from __future__ import annotations

import secrets
import threading
import time
import uuid

_TICKS = 4096  # of a millisecond


class _Ticks:
    """Times of the machine's clock, each later than the one before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns() * _TICKS // 1_000_000)
            return self._last


_ticks = _Ticks()


def new_id() -> uuid.UUID:
    """A UUIDv7: 48 bits of Unix milliseconds, 12 of their fraction (RFC 9562, 6.2, method 3), 62 random ones.

    Greater than each one this process made before, also when the machine's clock is set back. Works on Python 3.11,
    where uuid7() is missing.
    """
    milliseconds, fraction = divmod(_ticks.next(), _TICKS)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62
    return uuid.UUID(int=value | secrets.randbits(62))
