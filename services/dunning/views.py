"""What leaves dunning."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from services.core.errors import Invalid
from services.dunning.vocabulary import Age, Outcome
from services.payments import InvoicePopulation

_NAMES = ("population", "currency", "age", "attempts", "reason", "risk", "month", "outcome")


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices a figure counts; the list behind it takes the very same filter. None means any.

    `attempts` counts failed ones, 4 standing for four and more. `month` (YYYY-MM) is that of the first failed
    attempt, in the entity's zone. `reason` is the last failure, or the SEPA reason for returned ones.
    """

    population: InvoicePopulation = InvoicePopulation.UNPAID
    currency: str | None = None
    age: Age | None = None
    attempts: int | None = None
    reason: str | None = None
    at_risk: bool = False
    month: str | None = None
    outcome: Outcome | None = None

    @classmethod
    def from_address(cls, query: Mapping[str, str]) -> InvoiceFilter:
        """The filter an address names (see `address`); unknown names are left out. Raises Invalid for a value
        that cannot be."""
        given = {name: query[name] for name in _NAMES if query.get(name)}
        try:
            return cls(
                population=InvoicePopulation(given.get("population", InvoicePopulation.UNPAID)),
                currency=given.get("currency"),
                age=Age(given["age"]) if "age" in given else None,
                attempts=int(given["attempts"]) if "attempts" in given else None,
                reason=given.get("reason"),
                at_risk=given.get("risk") == "yes",
                month=given.get("month"),
                outcome=Outcome(given["outcome"]) if "outcome" in given else None,
            )
        except ValueError:
            raise Invalid("This filter cannot be read; clear the filters and start again.") from None

    def address(self) -> dict[str, str]:
        """The parameters of an address that name this filter."""
        given = {
            "population": self.population,
            "currency": self.currency,
            "age": self.age,
            "attempts": self.attempts,
            "reason": self.reason,
            "risk": "yes" if self.at_risk else None,
            "month": self.month,
            "outcome": self.outcome,
        }
        return {name: str(value) for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Figure:
    """Invoices of one kind: how many, what is owed (minor units), and the filter that lists exactly them."""

    key: str
    count: int
    amount_minor: int
    filter: InvoiceFilter


@dataclass(frozen=True, slots=True)
class RecoveryMonth:
    """Invoices whose first failed attempt fell into the month, and what became of them since.

    `rate` is recovered / failed in percent, None for a month without failures; `median_days` from the first
    failed attempt to the payment. A month under 60 days old is not finished: some of it is still being collected.
    """

    month: str
    failed: Figure
    recovered: Figure
    still_open: Figure
    lost: Figure
    rate: float | None
    median_days: float | None


@dataclass(frozen=True, slots=True)
class DunningOverview:
    """The dashboard in one currency, as of an instant of the business clock. Currencies are never added up."""

    as_of: dt.datetime
    currency: str
    currencies: tuple[str, ...]
    unpaid: Figure
    at_risk: Figure
    by_age: tuple[Figure, ...]
    by_attempts: tuple[Figure, ...]
    by_reason: tuple[Figure, ...]
    returns: tuple[Figure, ...]
    returned: Figure
    recovered: Figure
    failed: Figure
    recovery: tuple[RecoveryMonth, ...]


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """An invoice in a list. `age_days` counts from the due day; `owed_minor` is what remains of an unpaid one, and
    what was to be collected of one that failed or came back."""

    invoice_id: uuid.UUID
    payment_id: uuid.UUID | None
    entity_id: uuid.UUID
    invoice_ref: str
    number: str | None
    customer_ref: str | None
    customer_name: str | None
    currency: str
    owed_minor: int
    status: str
    method: str
    age_days: int
    due_on: dt.date
    failed_attempts: int
    last_failed_at: dt.datetime | None
    reason: str | None
    in_collection: bool
    next_attempt_at: dt.datetime | None
    paid_at: dt.datetime | None
    cursor: str


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """Some rows of a list, whether more follow, and (currency, count, owed minor units) of the whole list."""

    rows: tuple[InvoiceRow, ...]
    more: bool
    totals: tuple[tuple[str, int, int], ...]
