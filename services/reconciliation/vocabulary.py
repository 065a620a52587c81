"""Words of reconciliation."""

from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum

from pydantic import BaseModel, Field

from services.core.permissions import Permission
from services.runs import RunKind

NOBODY = uuid.UUID(int=0)
"""Stands for the console itself where a starter must be named, so that the second-person rule has no gap."""


class Definition(StrEnum):
    """What is compared: the books with Stripe's balance, Stripe's payouts with the bank."""

    SETTLEMENT = "settlement"
    PAYOUTS = "payouts"


class SourceKind(StrEnum):
    BOOKS = "books"
    STRIPE = "stripe"
    STRIPE_PAYOUTS = "stripe_payouts"
    BANK = "bank"


SIDES: dict[Definition, tuple[SourceKind, SourceKind]] = {
    Definition.SETTLEMENT: (SourceKind.BOOKS, SourceKind.STRIPE),
    Definition.PAYOUTS: (SourceKind.STRIPE_PAYOUTS, SourceKind.BANK),
}


class BreakClass(StrEnum):
    """What is wrong. `missing_left` means: the right side has it, the left has not."""

    MISSING_LEFT = "missing_left"
    MISSING_RIGHT = "missing_right"
    AMOUNT = "amount"
    CURRENCY = "currency"
    STATUS = "status"
    FEE = "fee"
    DUPLICATE = "duplicate"
    TIMING = "timing"
    FX = "fx"
    REFERENCE = "reference"


class BreakState(StrEnum):
    OPEN = "open"
    IN_WORK = "in_work"
    PROPOSED = "proposed"
    RESOLVED = "resolved"


UNRESOLVED = (BreakState.OPEN, BreakState.IN_WORK, BreakState.PROPOSED)


class SeverityLevel(StrEnum):
    """How much a break is about, by thresholds in its currency."""

    MINOR = "minor"
    NOTABLE = "notable"
    SEVERE = "severe"


class AgeBandName(StrEnum):
    """How long a break is open in business days: up to 3, 4 to 7, over 7."""

    FRESH = "fresh"
    WEEK = "week"
    OLD = "old"


class Resolution(StrEnum):
    """How a break ended. `explained` is given by a run that no longer finds it, the others by a person."""

    EXPLAINED = "explained"
    BOOKS_CORRECTED = "books_corrected"
    PROVIDER_CORRECTED = "provider_corrected"
    BANK_CORRECTED = "bank_corrected"
    ACCEPTED = "accepted"
    NOT_OURS = "not_ours"


class Rule(StrEnum):
    """The rules by the ids people say; their order is their precedence."""

    BY_HAND = "M-10"
    KEY = "S-10"
    CURRENCY = "S-20"
    AMOUNT = "S-30"
    FEE = "S-40"
    STATUS = "S-50"
    EXCHANGED = "S-25"
    TOLERATED = "S-35"
    TIMING = "S-60"
    SAME_REFERENCE = "S-65"
    PLAIN_KEY = "S-70"
    SIMILAR_KEY = "S-80"
    BATCH_SUM = "S-90"
    COVERING_SET = "S-91"
    LONE_AMOUNT = "S-95"
    ALL_REFERENCES = "P-10"
    REFERENCE = "P-20"
    MANGLED_REFERENCE = "P-30"
    AMOUNT_WINDOW = "P-40"
    BATCH = "P-50"
    COMPOSITION = "P-60"
    SENT_BACK = "P-70"


class Span(StrEnum):
    """Everything up to a run's day, or that day alone."""

    ALL = "all"
    DAY = "day"


class PeriodSpan(StrEnum):
    DAY = "day"
    MONTH = "month"


class PeriodState(StrEnum):
    """`ready`: a run covers it and its inputs are whole. `signed_off`: closed for late writes."""

    OPEN = "open"
    READY = "ready"
    SIGNED_OFF = "signed_off"
    REOPENED = "reopened"


class WhyExpected(StrEnum):
    """Why an entry without counterpart is no break."""

    BOOKED_LATER = "booked_later"
    NOT_DUE = "not_due"
    NOT_PAID = "not_paid"


class OnBehalf(BaseModel):
    """The person whose nightly run started this one; without effect on a run that a person started."""

    id: uuid.UUID
    name: str


class ReconcileParams(BaseModel):
    """One definition in one legal entity, through a business day (yesterday there, unless given)."""

    entity_id: uuid.UUID
    definition: Definition
    through: dt.date | None = None
    on_behalf_of: OnBehalf | None = None


class NightlyParams(BaseModel):
    """Sync, imports and both reconciliations of every legal entity, in order."""


class BacktestParams(BaseModel):
    """The draft of a definition's rules, tried on the days of the last `count` runs of each legal entity."""

    definition: Definition
    count: int = Field(default=5, ge=1, le=30)


class MoneyMoved(BaseModel):
    """What a backfill moved of one currency, in minor units: the sum of all absolute differences, and the net one.

    `currency` is empty where it is not known.
    """

    currency: str
    gross_minor: int
    net_minor: int


class BackfillDone(BaseModel):
    """A backfill that ended, for the report that follows it: what it changed, when it ended, and how.

    `columns` are those it wrote, `rows` how many it changed, `result` one of succeeded, cancelled, failed, rolled_back,
    `verified` whether the proof afterwards held (None where there is none), `money` what its proof found to have moved.
    """

    name: str
    columns: tuple[str, ...]
    finished_at: dt.datetime
    rows: int
    result: str
    verified: bool | None = None
    money: tuple[MoneyMoved, ...] = ()


class ReportParams(BaseModel):
    """The report of the night, or the one that follows a backfill (`after`)."""

    after: BackfillDone | None = None


REPORT = RunKind("reconciliation.report", ReportParams, Permission.RECONCILIATION_RUN, priority=80)
BACKTEST = RunKind(
    "reconciliation.backtest", BacktestParams, Permission.RULES_EDIT, priority=70, transaction_seconds=3600
)
RUN = RunKind(
    "reconciliation.run",
    ReconcileParams,
    Permission.RECONCILIATION_RUN,
    concurrency=2,
    priority=60,
    transaction_seconds=3600,
)
NIGHTLY = RunKind("reconciliation.nightly", NightlyParams, Permission.RECONCILIATION_RUN, priority=60)
NIGHTLY_SCHEDULE = "reconciliation.nightly"
