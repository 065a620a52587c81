"""What leaves reconciliation."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services import approvals, audit, identity
from services.core.money import Money
from services.reconciliation.views_period import AdjustmentView, EvidenceFile
from services.reconciliation.vocabulary import BreakClass, BreakState, Definition, SeverityLevel, Span


@dataclass(frozen=True, slots=True)
class TotalView:
    """Sums of one currency in minor units; `difference_minor` is left minus right.

    A currency that one side alone knows deviates by all of it; `one_sided` says so, since a run's headline counts a
    wrong currency once, in the currency both sides know.
    """

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

    @property
    def one_sided(self) -> bool:
        return not (self.left_entries and self.right_entries)


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
    """A finished run. `matched` counts left entries whose counterpart agrees; the worst currency's deviation.

    `looked_at` counts the keys an incremental run compared again, None where everything was compared.
    """

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
    looked_at: int | None = None
    signature: SignatureView | None = None

    @property
    def over_limit(self) -> bool:
        return self.deviation_ppm > self.limit_ppm


@dataclass(frozen=True, slots=True)
class BreakView:
    """A break as it stands now. Amounts in minor units; `age` in business days up to today, `severity` by amount."""

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
    explained_by: str | None
    proposed_by_name: str | None
    proposal_id: uuid.UUID | None
    severity: SeverityLevel = SeverityLevel.MINOR

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
    """What is still open in one currency, now: breaks of the run that nobody resolved, and their sum without sign.

    `counting_ppm` leaves out wrong currencies that only one side knows; they count in the other currency.
    """

    currency: str
    breaks: int
    open_minor: int
    deviation_ppm: int
    counting_ppm: int


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
    severities: Mapping[SeverityLevel, int]


@dataclass(frozen=True, slots=True)
class EntryView:
    """One side of a break as its feed tells it now; `late_from` is the closed day it belongs to by its source."""

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
    late_from: dt.date | None = None


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """What one rule said: `passed`, `failed` or `skipped`, with the figures behind it.

    `said` names the sentence in which `figures` (money, numbers, days, texts) stand, None where none do.
    """

    rule: str
    outcome: str
    left: str | None = None
    right: str | None = None
    said: str | None = None
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CandidateView:
    """An open entry of the other side that comes near, with what speaks for it and what against.

    `alike` says in percent how like its key or reference is, `days` how many business days lie between.
    """

    number: int
    key: str
    minor: int
    currency: str
    booked_on: dt.date
    score: int
    agrees: tuple[str, ...]
    differs: tuple[str, ...]
    alike: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True)
class CoveringSet:
    """Open breaks of the other side that together are worth exactly a break; (number, key, minor units) of each."""

    members: tuple[tuple[int, str, int], ...]
    currency: str


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
    sets: tuple[CoveringSet, ...]
    story: tuple[StoryLine, ...]


@dataclass(frozen=True, slots=True)
class DifferenceLine:
    """A part of left minus right in one currency: a class of breaks, or `expected`. Minor units, with sign."""

    currency: str
    part: str
    items: int
    minor: int


@dataclass(frozen=True, slots=True)
class RunReport:
    """All a run's page shows; the lines of one currency in `difference` add up to its difference."""

    run: RunView
    entity_name: str
    entity_zone: str
    totals: tuple[TotalView, ...]
    difference: tuple[DifferenceLine, ...]
    sums: BreakSums
    signing: SigningView
    page: BreakPage
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Underway:
    """A run of the engine that has not ended: done of total in the phase at hand."""

    job_run_id: uuid.UUID
    definition: Definition
    entity_id: uuid.UUID
    state: str
    phase: str | None
    done: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What an address means: a finished run, or one of the engine that is under way or gave up (`error`)."""

    run_id: uuid.UUID | None
    underway: Underway | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class PairingView:
    """One definition in one legal entity: its last run, what is still open, how the deviation went, what runs now."""

    definition: Definition
    entity_id: uuid.UUID
    entity_name: str
    last: RunView | None
    open_breaks: int
    trend: tuple[int, ...]
    underway: Underway | None


@dataclass(frozen=True, slots=True)
class OverviewView:
    """Every definition in every legal entity with its last run, the runs before, and the acceptable deviation."""

    pairings: tuple[PairingView, ...]
    history: tuple[RunView, ...]
    names: Mapping[uuid.UUID, str]
    limit_ppm: int


@dataclass(frozen=True, slots=True)
class WriteOffTerms:
    """What writing off a break takes: up to `alone` one person does it, `above` says that this one is above it.

    `agreeing` is the step of the policy that would hold for it, None for who may not read approvals.
    """

    number: int
    alone: Money
    amount: Money
    above: bool
    agreeing: approvals.Tier | None


@dataclass(frozen=True, slots=True)
class BreakReport:
    """All a break's page shows, `deeds` from the audit log; `people` are those it can be given to, and `terms` what
    writing it off takes, both empty for who may not work on it."""

    view: BreakView
    evidence: EvidenceView
    people: tuple[identity.PersonView, ...]
    files: tuple[EvidenceFile, ...]
    adjustments: tuple[AdjustmentView, ...]
    deeds: tuple[audit.AuditEntryView, ...]
    terms: WriteOffTerms | None
