"""Subscriptions and their monthly invoices, retries included; and purchases made once."""

from __future__ import annotations

import calendar
import datetime as dt
import random
import sqlite3

from services.sandbox.days import DAY, local_bounds, local_day
from services.sandbox.generator.charges import Order, Outcome, attempt
from services.sandbox.generator.day import Day, World, shopping_time
from services.sandbox.people import paying
from services.sandbox.profile import MONTHLY, ONE_OFF, PLANS, EntityProfile
from services.sandbox.store import Store

_RETRY_AFTER_DAYS = (3, 5, 7)
_MONTH = 30.4
_SUBSCRIBED_PERCENT = 70
_HISTORY_DAYS = 365
_FINALIZED_AFTER = 3600
_PRICES = {(plan.number, currency): amount for plan in PLANS for currency, amount in plan.prices}


def found(store: Store, entity: EntityProfile, world: World) -> None:
    """Customers and subscriptions from before the first day, spread over a year."""
    rng = random.Random(f"{world.seed}/{entity.code}/before")  # noqa: S311 - a repeatable world is the point
    total = max(12, round(world.volume(entity) * _SUBSCRIBED_PERCENT / 100 * _MONTH))

    def born(number: int) -> int:
        date = world.start - dt.timedelta(days=_HISTORY_DAYS - (number - 1) * _HISTORY_DAYS // total)
        return local_bounds(date, entity.zone)[0] + shopping_time(rng)

    customers = [(number, born(number)) for number in range(1, total + 1)]
    store.connection.executemany("INSERT INTO customer VALUES (?,?)", customers)
    store.connection.executemany(
        "INSERT INTO subscription VALUES (?,?,?,?,?,NULL)",
        ((number, created, number, _plan(rng), local_day(created, entity.zone).day) for number, created in customers),
    )


def make_payments(day: Day) -> None:
    """Everything that is sold or billed on this day."""
    for row in _due(day):
        at = min(day.start + _time_of_day(day, row["created"]), day.end - 1)
        if row["ended_at"] is None or row["ended_at"] > at:
            _bill(day, at, row["n"], row["customer"], row["plan"], first=False)
    volume = day.world.volume(day.entity)
    for at in day.times(volume * _SUBSCRIBED_PERCENT / 100 * _MONTH / _HISTORY_DAYS):
        _subscribe(day, at)
    for at in day.times(volume * (100 - _SUBSCRIBED_PERCENT) / 100):
        _purchase(day, at)


def _due(day: Day) -> list[sqlite3.Row]:
    last = calendar.monthrange(day.date.year, day.date.month)[1]
    anchors = range(day.date.day, 32) if day.date.day == last else (day.date.day,)
    marks = ",".join("?" * len(anchors))
    return day.store.all(
        f"SELECT * FROM subscription WHERE anchor IN ({marks}) AND created < ? ORDER BY n",  # noqa: S608
        *anchors,
        day.start,
    )


def _time_of_day(day: Day, created: int) -> int:
    return created - local_bounds(local_day(created, day.entity.zone), day.entity.zone)[0]


def _plan(rng: random.Random) -> int:
    return MONTHLY[min(int(rng.random() ** 1.6 * len(MONTHLY)), len(MONTHLY) - 1)].number


def _subscribe(day: Day, at: int) -> None:
    customer, subscription = day.reserve("customer"), day.reserve("subscription")
    plan = _plan(day.rng)
    day.put("customer", customer, at - 60)
    day.put("subscription", subscription, at, customer, plan, day.date.day, None)
    day.event(at - 60, "customer.created", customer)
    day.event(at, "customer.subscription.created", subscription)
    _bill(day, at, subscription, customer, plan, first=True)


def _bill(day: Day, at: int, subscription: int, customer: int, plan: int, *, first: bool) -> None:
    """An invoice, finalised an hour later unless it is the first, with every attempt to collect it."""
    currency, method = paying(day.salt, day.entity, customer)
    invoice, intent = day.reserve("invoice"), day.reserve("intent")
    amount = _PRICES[plan, currency]
    order = Order(intent, customer, invoice, amount, currency, method)
    finalized_at = at if first else at + _FINALIZED_AFTER
    day.put("intent", intent, finalized_at, customer, invoice, amount, currency, method, None)
    for name, moment in (("invoice.created", at), ("invoice.finalized", finalized_at)):
        day.event(moment, name, invoice)
    day.event(finalized_at, "payment_intent.created", intent)
    paid_at, failed_at = _collect(day, finalized_at, order)
    closed_at = None
    if paid_at is None and failed_at is not None:
        paid_at, closed_at = _given_up(day, failed_at, order, subscription)
    if paid_at is not None:
        day.event(paid_at, "invoice.paid", invoice)
    day.put(
        "invoice", invoice, at, customer, subscription, plan, intent, amount, currency, int(first), finalized_at,
        paid_at, closed_at, closed_at and "uncollectible",
    )  # fmt: skip


def _collect(day: Day, at: int, order: Order) -> tuple[int | None, int | None]:
    """First attempt and up to three retries: when it was paid, or when the last one failed."""
    outcome = Outcome(None, None, None)
    for number in range(1 + len(_RETRY_AFTER_DAYS)):
        outcome = attempt(day, at, order, 94 if number == 0 else 38)
        if outcome.paid_at is not None or outcome.failed_at is None:
            return outcome.paid_at, None
        day.event(outcome.failed_at, "invoice.payment_failed", order.invoice or 0)
        if number < len(_RETRY_AFTER_DAYS):
            at = outcome.failed_at + _RETRY_AFTER_DAYS[number] * DAY + day.rng.randint(0, 4 * 3600)
    return None, outcome.failed_at


def _given_up(day: Day, failed_at: int, order: Order, subscription: int) -> tuple[int | None, int | None]:
    """After the last retry: the customer pays late, or the claim is written off, or it simply stays open."""
    fate = day.rng.random()
    if fate < 0.25:
        late = attempt(day, failed_at + 2 * DAY + int(day.rng.random() * 18 * DAY), order, 100)
        return late.paid_at, None
    if fate < 0.6:
        closed_at = failed_at + 14 * DAY
        day.end_subscription(subscription, closed_at)
        day.event(closed_at, "invoice.marked_uncollectible", order.invoice or 0)
        day.event(closed_at, "customer.subscription.deleted", subscription)
        return None, closed_at
    return None, None


def _purchase(day: Day, at: int) -> None:
    """Something bought once, by a known customer or a new one; some never finish, some need a second card."""
    if day.rng.random() < 0.25 or not day.numbers["customer"]:
        customer = day.reserve("customer")
        day.put("customer", customer, at - 90)
        day.event(at - 90, "customer.created", customer)
    else:
        customer = day.rng.randint(1, day.numbers["customer"])
    currency, method = paying(day.salt, day.entity, customer)
    plan = day.rng.choice(ONE_OFF)
    amount = _PRICES[plan.number, currency] * day.rng.choice((1, 1, 1, 2, 2, 3, 4))
    intent = day.reserve("intent")
    abandoned = day.rng.random() < 0.04
    order = Order(intent, customer, None, amount, currency, method)
    day.put("intent", intent, at, customer, None, amount, currency, method, at + DAY if abandoned else None)
    day.event(at, "payment_intent.created", intent)
    if abandoned:
        day.event(at + DAY, "payment_intent.canceled", intent)
        return
    outcome = attempt(day, at + 20, order, 91)
    if outcome.paid_at is None and outcome.failed_at == at + 20 and day.rng.random() < 0.6:
        attempt(day, at + 20 + day.rng.randint(30, 900), order, 80)
