"""Kinds of runs that tests queue and claim by hand."""

from __future__ import annotations

import uuid

from pydantic import BaseModel

from services.core.permissions import Permission
from services.runs import RunKind


class Params(BaseModel):
    number: int = 1
    entity_id: uuid.UUID | None = None


PLAIN = RunKind("tests.plain", Params, Permission.RUN_CONTROL, concurrency=2, max_attempts=3)
OTHER = RunKind("tests.other", Params, Permission.RUN_CONTROL, concurrency=2, priority=10)
WIDE = RunKind("tests.wide", Params, Permission.RUN_CONTROL, concurrency=1000, priority=10)
