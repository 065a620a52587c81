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


@dataclass(frozen=True, slots=True)
class MatchView:
    """Entries that settle each other, by which rule, how sure in percent, and why."""

    id: int
    rule: str
    confidence: int
    why: str
    left: tuple[str, ...]
    right: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StandingView:
    """What is still open in one currency, now: breaks of the run that nobody resolved, and their sum without sign."""

    currency: str
    breaks: int
    open_minor: int
    deviation_ppm: int


@dataclass(frozen=True, slots=True)
class SigningView:
    """The state of a run's sign-off for one reader. `obstacle` names what stands against it, None when nothing does."""

    may_sign: bool
    obstacle: str | None
    needs_reason: bool
    deviation_ppm: int
    limit_ppm: int
    standing: tuple[StandingView, ...]
    signature: SignatureView | None


@dataclass(frozen=True, slots=True)
class VerificationView:
    """Whether a signature still stands for the rows, check by check."""

    valid: bool
    checks: Mapping[str, bool]
    digest: str


@dataclass(frozen=True, slots=True)
class BreakFilter:
    """What a reader looks for; None and empty mean anything. `seq` keeps to the breaks one run had found.

    `text` is looked for in both keys, and as a number.
    """

    entity_id: uuid.UUID | None = None
    definition: Definition | None = None
    classes: tuple[BreakClass, ...] = ()
    states: tuple[BreakState, ...] = ()
    assigned_to: uuid.UUID | None = None
    seq: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class BreakPage:
    rows: tuple[BreakView, ...]
    total: int
    offset: int


@dataclass(frozen=True, slots=True)
class ClassSum:
    """Breaks of one class in one currency: how many, and their differences added up with sign."""

    break_class: BreakClass
    currency: str
    breaks: int
    delta_minor: int


@dataclass(frozen=True, slots=True)
class AgeBand:
    """Breaks of an age from `low` to `high` business days, both inclusive; `high` None is no end."""

    low: int
    high: int | None
    breaks: int


@dataclass(frozen=True, slots=True)
class BreakSums:
    classes: tuple[ClassSum, ...]
    ages: tuple[AgeBand, ...]


@dataclass(frozen=True, slots=True)
class EntryView:
    """One side of a break as its feed tells it now."""

    ext_key: str
    occurrence: int
    minor: int
    currency: str
    fee_minor: int | None
    status: str
    occurred_at: dt.datetime
    booked_on: dt.date
    reference: str | None
    batch_ref: str | None
    origin: str
    account: str


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule said: `passed`, `failed` or `skipped`, with the figures behind it."""

    rule: str
    outcome: str
    left: str | None = None
    right: str | None = None


@dataclass(frozen=True, slots=True)
class CandidateView:
    """An open entry of the other side that comes near, with what speaks for it and what against."""

    number: int
    key: str
    minor: int
    currency: str
    booked_on: dt.date
    score: int
    agrees: tuple[str, ...]
    differs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StoryLine:
    """A line of a break's story: a person's step, or what a run did (`opened`, `changed`, `closed`)."""

    at: dt.datetime
    kind: str
    body: str
    author: str
    run_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """All there is to judge a break by."""

    left: EntryView | None
    right: EntryView | None
    parts_minor: int | None
    verdicts: tuple[RuleVerdict, ...]
    candidates: tuple[CandidateView, ...]
    story: tuple[StoryLine, ...]
