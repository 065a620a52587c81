"""Trouble on request: rate limits, server errors and slowness, for testing what a client does about them."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from pydantic import BaseModel, Field

from services.sandbox.api.errors import StripeError, broken, rate_limited


class NextFault(BaseModel):
    """The next `count` requests to addresses that start with `path` get `status`."""

    status: int = Field(ge=400, le=599)
    count: int = Field(default=1, ge=1)
    path: str = "/v1/"


class FaultSettings(BaseModel):
    """What goes wrong. `every` maps a status to n: each n-th request gets it. Everything off by default."""

    next: list[NextFault] = []
    every: dict[int, int] = {}
    requests_per_second: float | None = Field(default=None, gt=0)
    latency_ms: int = Field(default=0, ge=0, le=60_000)


class Faults:
    """Decides for each request whether it is let through."""

    def __init__(self, settings: FaultSettings) -> None:
        self.set(settings)

    def set(self, settings: FaultSettings) -> None:
        self.settings = settings
        self._seen = 0
        self._allowance = max(settings.requests_per_second or 1.0, 1.0)
        self._checked = time.monotonic()

    def shown(self) -> dict[str, Any]:
        return self.settings.model_dump(mode="json")

    async def meet(self, path: str) -> None:
        """Waits as long as it should, then raises StripeError or lets the request through."""
        if self.settings.latency_ms:
            await asyncio.sleep(self.settings.latency_ms / 1000)
        status = self._due(path)
        if status is not None:
            raise (
                rate_limited()
                if status == 429
                else broken(status)
                if status >= 500
                else StripeError(status, "Refused.")
            )

    def _due(self, path: str) -> int | None:
        self._seen += 1
        for fault in self.settings.next:
            if fault.count and path.startswith(fault.path):
                fault.count -= 1
                return fault.status
        for status, every in self.settings.every.items():
            if every > 0 and self._seen % every == 0:
                return status
        return 429 if self._exhausted() else None

    def _exhausted(self) -> bool:
        rate = self.settings.requests_per_second
        if rate is None:
            return False
        now = time.monotonic()
        self._allowance = min(max(rate, 1.0), self._allowance + (now - self._checked) * rate)
        self._checked = now
        if self._allowance < 1:
            return True
        self._allowance -= 1
        return False
