"""Which function is the body of which kind of run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from jobs.runner import RunContext
from services import runs

Body = Callable[[RunContext, Any], dict[str, Any]]
_F = TypeVar("_F", bound=Body)


@dataclass(frozen=True)
class Job:
    kind: runs.RunKind
    body: Body


_jobs: dict[str, Job] = {}


def job(kind: runs.RunKind) -> Callable[[_F], _F]:
    """Marks the body of `kind`. It gets a RunContext and the validated parameters and returns its result as JSON."""

    def register(body: _F) -> _F:
        if kind.name in _jobs:
            raise ValueError(f"two bodies for {kind.name}")
        runs.declare(kind)
        _jobs[kind.name] = Job(kind, body)
        return body

    return register


def known_jobs() -> dict[str, Job]:
    return dict(_jobs)
