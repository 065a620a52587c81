"""How much memory there is for this installation, and what share of it the embedded PostgreSQL keeps pages in."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import psutil

_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_MB = 1024 * 1024
_LEAST_MB, _MOST_MB = 128, 4096


def usable_mb() -> int:
    """Megabytes of this machine, or of the container around this process where that allows fewer."""
    known = [psutil.virtual_memory().total]
    for limit in _LIMITS:
        with suppress(OSError, ValueError):  # another system, or no limit ("max")
            known.append(int(limit.read_text()))
    return min(known) // _MB


def buffers_mb(usable: int) -> int:
    """A quarter of `usable` megabytes, 128 to 4096. The covering keys of five million entries a side take 1 GB."""
    return max(_LEAST_MB, min(usable // 4, _MOST_MB))
