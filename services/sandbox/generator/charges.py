"""Attempts to collect money and what comes after: declines, SEPA returns, refunds, disputes."""

from __future__ import annotations

import random
from bisect import bisect
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from services.sandbox.days import DAY, add_business_days, local_bounds, local_day, utc_day, utc_midnight
from services.sandbox.generator.day import Day
from services.sandbox.people import card_country
from services.sandbox.profile import CARD_TARIFFS, DISPUTE_FEES, FOREIGN_CARD_TARIFFS, SEPA_TARIFF
from services.sandbox.vocabulary import (
    CARD_DECLINES,
    DISPUTE_REASONS,
    REFUND_REASONS,
    SEPA_RETURNS,
    Decline,
    Method,
    Movement,
)

_RETURN_PERMILLE = 32
_REFUND_PERMILLE = 26
_DISPUTE_PERMILLE = 6


@dataclass(frozen=True)
class Order:
    """What is to be collected: one payment intent, possibly over several attempts."""

    intent: int
    customer: int
    invoice: int | None
    amount: int
    currency: str
    method: Method


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: paid at some time (a SEPA debit settles days later), or failed at some time."""

    paid_at: int | None
    failed_at: int | None
    code: int | None


def attempt(day: Day, at: int, order: Order, success_percent: int) -> Outcome:
    """One attempt with the given chance; writes the charge, its movements, its events and its aftermath."""
    if order.method is Method.SEPA_DEBIT:
        return _debit(day, at, order)
    if day.rng.random() * 100 >= success_percent:
        return _decline(day, at, order)
    charge = day.reserve("charge")
    tariffs = CARD_TARIFFS
    if card_country(day.salt, day.entity, order.customer) != day.entity.country:
        tariffs = FOREIGN_CARD_TARIFFS
    fee = tariffs[order.currency].of(order.amount)
    available_on = utc_midnight(utc_day(at)) + 3 * DAY
    bt = day.movement(
        at, Movement.CHARGE, charge, amount=order.amount, fee=fee, currency=order.currency, available_on=available_on
    )
    marked = aftermath(day, at, charge, order)
    _write(day, charge, at, order, bt=bt, aftermath=marked)
    day.event(at, "charge.succeeded", charge)
    day.event(at, "payment_intent.succeeded", order.intent)
    return Outcome(at, None, None)


def _decline(day: Day, at: int, order: Order) -> Outcome:
    code = _weighted(day.rng, CARD_DECLINES)
    charge = day.reserve("charge")
    _write(day, charge, at, order, code=code)
    day.event(at, "charge.failed", charge)
    day.event(at, "payment_intent.payment_failed", order.intent)
    return Outcome(None, at, code)


def _debit(day: Day, at: int, order: Order) -> Outcome:
    """A SEPA debit: credited at once, settled after six business days or returned earlier.

    Outcomes fall on local midnight, as the banks' files come at night; so the books of a finished day know every
    status that Stripe shows on the next.
    """
    charge = day.reserve("charge")
    available_on = utc_midnight(utc_day(at)) + 7 * DAY
    fee = SEPA_TARIFF.of(order.amount)
    bt = day.movement(
        at, Movement.PAYMENT, charge, amount=order.amount, fee=fee, currency=order.currency, available_on=available_on
    )
    day.event(at, "charge.pending", charge)
    day.event(at, "payment_intent.processing", order.intent)
    if day.rng.random() * 1000 < _RETURN_PERMILLE:
        return _return(day, at, order, charge, bt)
    settled_at = _night_after(day, at, 6)
    day.put("restatement", settled_at, bt)
    marked = aftermath(day, settled_at, charge, order)
    _write(day, charge, at, order, bt=bt, settled_at=settled_at, aftermath=marked)
    day.event(settled_at, "charge.succeeded", charge)
    day.event(settled_at, "payment_intent.succeeded", order.intent)
    return Outcome(settled_at, None, None)


def _return(day: Day, at: int, order: Order, charge: int, bt: int) -> Outcome:
    code = _weighted(day.rng, SEPA_RETURNS)
    failed_at = _night_after(day, at, day.rng.randint(2, 5))
    day.put("restatement", failed_at, bt)
    available_on = utc_midnight(utc_day(failed_at)) + DAY
    fail_bt = day.movement(
        failed_at,
        Movement.PAYMENT_FAILURE,
        charge,
        amount=-order.amount,
        fee=0,
        currency=order.currency,
        available_on=available_on,
    )
    _write(day, charge, at, order, code=code, failed_at=failed_at, bt=bt, fail_bt=fail_bt)
    day.event(failed_at, "charge.failed", charge)
    day.event(failed_at, "payment_intent.payment_failed", order.intent)
    return Outcome(None, failed_at, code)


def _write(
    day: Day,
    charge: int,
    at: int,
    order: Order,
    *,
    code: int | None = None,
    settled_at: int | None = None,
    failed_at: int | None = None,
    bt: int | None = None,
    fail_bt: int | None = None,
    aftermath: bool = False,
) -> None:
    day.put(
        "charge", charge, at, order.intent, order.customer, order.invoice, order.amount, order.currency,
        order.method, code, settled_at, failed_at, bt, fail_bt, int(aftermath),
    )  # fmt: skip


def aftermath(day: Day, paid_at: int, charge: int, order: Order) -> bool:
    """Decides whether the payment is refunded or disputed later, and writes it; True when it is."""
    dice = day.rng.random() * 1000
    if dice < _REFUND_PERMILLE:
        _refund(day, paid_at + DAY // 2 + int(day.rng.random() * 20 * DAY), charge, order)
        return True
    if dice < _REFUND_PERMILLE + _DISPUTE_PERMILLE:
        _dispute(day, paid_at + 5 * DAY + int(day.rng.random() * 35 * DAY), charge, order)
        return True
    return False


def _refund(day: Day, at: int, charge: int, order: Order) -> None:
    amount = order.amount if day.rng.random() < 0.7 else max(1, order.amount * day.rng.randint(10, 80) // 100)
    write_refund(day, at, charge, order, amount=amount, reason=day.rng.choice(REFUND_REASONS[:2]))


def write_refund(
    day: Day, at: int, charge: int, order: Order, *, amount: int, reason: str | None, metadata: bytes | None = None
) -> int:
    """A refund with its movement and events; returns its number."""
    refund = day.reserve("refund")
    kind = Movement.PAYMENT_REFUND if order.method is Method.SEPA_DEBIT else Movement.REFUND
    bt = day.movement(
        at, kind, refund, amount=-amount, fee=0, currency=order.currency, available_on=utc_midnight(utc_day(at)) + DAY
    )
    day.put("refund", refund, at, charge, amount, order.currency, order.method, reason, bt, metadata)
    day.event(at, "refund.created", refund)
    day.event(at, "charge.refunded", charge)
    return refund


def _dispute(day: Day, at: int, charge: int, order: Order) -> None:
    dispute = day.reserve("dispute")
    reason = DISPUTE_REASONS[_weighted(day.rng, DISPUTE_REASONS)][0]
    fee, won = DISPUTE_FEES[order.currency], day.rng.random() < 0.4
    review_at = _midnight(day, at + (3 + day.rng.randint(0, 5)) * DAY)
    closed_at = _midnight(day, review_at + (20 + day.rng.randint(0, 25)) * DAY)
    bt = day.movement(
        at,
        Movement.DISPUTE,
        dispute,
        amount=-order.amount,
        fee=fee,
        currency=order.currency,
        available_on=utc_midnight(utc_day(at)) + DAY,
    )
    back = None
    if won:
        available_on = utc_midnight(utc_day(closed_at)) + DAY
        back = day.movement(
            closed_at,
            Movement.DISPUTE_REVERSAL,
            dispute,
            amount=order.amount,
            fee=0,
            currency=order.currency,
            available_on=available_on,
        )
    for changed_at in (review_at, closed_at):
        day.put("restatement", changed_at, bt)
    day.put(
        "dispute", dispute, at, charge, order.amount, order.currency, reason, review_at, closed_at, int(won), bt, back
    )
    day.event(at, "charge.dispute.created", dispute)
    day.event(at, "charge.dispute.funds_withdrawn", dispute)
    day.event(review_at, "charge.dispute.updated", dispute)
    if won:
        day.event(closed_at, "charge.dispute.funds_reinstated", dispute)
    day.event(closed_at, "charge.dispute.closed", dispute)


def _night_after(day: Day, at: int, business_days: int) -> int:
    """The local midnight that begins the n-th business day after `at`."""
    return local_bounds(add_business_days(local_day(at, day.entity.zone), business_days), day.entity.zone)[0]


def _midnight(day: Day, at: int) -> int:
    return local_bounds(local_day(at, day.entity.zone), day.entity.zone)[1]


def _weighted(rng: random.Random, choices: tuple[Decline, ...] | tuple[tuple[str, int], ...]) -> int:
    """The index of a choice, drawn by the last item of each as its weight."""
    bounds = _bounds(choices)
    return bisect(bounds, rng.random() * bounds[-1])


@lru_cache(maxsize=8)
def _bounds(choices: tuple[Decline, ...] | tuple[tuple[str, int], ...]) -> list[int]:
    return list(accumulate(choice[-1] for choice in choices))
