"""What leaves reconciliation about periods and the work on breaks."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from services.reconciliation.vocabulary import BreakClass, Definition, PeriodSpan, PeriodState, SourceKind


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A day or a month and whether it is closed; `reopened` counts how often it was opened again, `holes` what is
    missing in the inputs of one that is open and cannot be ready for it."""

    id: uuid.UUID
    definition: Definition
    entity_id: uuid.UUID
    span: PeriodSpan
    first_day: dt.date
    last_day: dt.date
    state: PeriodState
    run_id: uuid.UUID | None
    signed_by_name: str | None
    signed_at: dt.datetime | None
    digest: str | None
    reopen_reason: str | None
    reopened: int
    holes: int = 0


@dataclass(frozen=True, slots=True)
class PeriodProof:
    """Whether a closed period still stands for the rows, check by check."""

    valid: bool
    checks: Mapping[str, bool]
    digest: str


@dataclass(frozen=True, slots=True)
class LateView:
    """An entry that came for a closed day; `moved_to` is None for a change that is held back. `run_id` is the signed
    run of the shortest closed period it belongs to."""

    source: SourceKind
    entity_id: uuid.UUID
    ext_key: str
    belongs_to: dt.date
    moved_to: dt.date | None
    amount_minor: int
    currency: str
    arrived_at: dt.datetime
    run_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file that was put to a break."""

    id: uuid.UUID
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    added_by_name: str
    added_at: dt.datetime


@dataclass(frozen=True, slots=True)
class AdjustmentView:
    """A correcting entry of the break `number`; the amount in minor units, from `credit` to `debit`."""

    id: uuid.UUID
    number: int
    entity_id: uuid.UUID
    booked_on: dt.date
    amount_minor: int
    currency: str
    debit: str
    credit: str
    memo: str
    made_by_name: str
    made_at: dt.datetime


@dataclass(frozen=True, slots=True)
class CauseView:
    """Open breaks that look like one cause: `pattern` says what they share, `value` what it is."""

    definition: Definition
    entity_id: uuid.UUID
    break_class: BreakClass
    currency: str
    pattern: str
    value: str
    breaks: int
    open_minor: int
