"""How approvals stand, for Prometheus."""

from __future__ import annotations

from console.http_api.metrics import Figure
from services import approvals
from services.core.db import UnitOfWork


def approval_figures(uow: UnitOfWork) -> list[Figure]:
    """Requests that wait for an agreement, and how long the oldest has; nothing waiting is 0 s."""
    count, oldest = approvals.waiting(uow)
    return [
        ("kontor_approvals_waiting", "Requests that wait for an agreement", {}, float(count)),
        ("kontor_approvals_oldest_seconds", "How long the oldest of them has waited", {}, oldest),
    ]
