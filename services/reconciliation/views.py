"""What leaves reconciliation."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.reconciliation.vocabulary import BreakClass, BreakState, Definition, Span


@dataclass(frozen=True, slots=True)
class TotalView:
    """Sums of one currency in minor units; `difference_minor` is left minus right."""

    span: Span
    currency: str
    left_entries: int
    left_minor: int
    right_entries: int
    right_minor: int
    open_minor: int
    deviation_ppm: int

    @property
    def difference_minor(self) -> int:
        return self.left_minor - self.right_minor


@dataclass(frozen=True, slots=True)
class SignatureView:
    signed_by: uuid.UUID
    signed_by_name: str
    signed_at: dt.datetime
    over_limit: bool
    reason: str | None
    digest: str


@dataclass(frozen=True, slots=True)
class RunView:
    """A finished run. `matched` counts left entries whose counterpart agrees; the worst currency's deviation."""

    id: uuid.UUID
    seq: int
    definition: Definition
    entity_id: uuid.UUID
    through: dt.date
    rule_version: int
    limit_ppm: int
    job_run_id: uuid.UUID | None
    started_by: uuid.UUID
    started_by_name: str
    started_at: dt.datetime
    finished_at: dt.datetime
    data_as_of: dt.datetime
    entries_left: int
    entries_right: int
    matched: int
    breaks: int
    new_breaks: int
    closed_breaks: int
    expected: int
    class_counts: Mapping[str, int]
    rule_counts: Mapping[str, int]
    deviation_ppm: int
    inputs: Mapping[str, Any]
    digest: str
    signature: SignatureView | None = None

    @property
    def over_limit(self) -> bool:
        return self.deviation_ppm > self.limit_ppm


@dataclass(frozen=True, slots=True)
class BreakView:
    """A break as it stands now. Amounts in minor units; `age` in business days up to `as_of`."""

    number: int
    entity_id: uuid.UUID
    definition: Definition
    break_class: BreakClass
    subject_key: str
    occurrence: int
    left_key: str | None
    left_minor: int | None
    left_currency: str | None
    left_value: str | None
    right_key: str | None
    right_minor: int | None
    right_currency: str | None
    right_value: str | None
    delta_minor: int
    currency: str
    booked_on: dt.date
    age: int
    first_seq: int
    since_seq: int
    closed_seq: int | None
    state: BreakState
    assigned_to: uuid.UUID | None
    assigned_name: str | None
    resolution: str | None
    resolved_reason: str | None
    resolved_by_name: str | None
    resolved_at: dt.datetime | None
    reopened: int
    version: int

    @property
    def name(self) -> str:
        """The number people say: B-10001."""
        return f"B-{self.number}"
