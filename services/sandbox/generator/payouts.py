"""Daily automatic payouts, the bank lines they become, and the faults planted in them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import orjson

from services.sandbox.days import add_business_days, is_business_day, utc_midnight
from services.sandbox.generator.day import Day
from services.sandbox.ids import mixed
from services.sandbox.vocabulary import BankLineKind, BreakClass, Movement

STRIPE_NAME = {"DE": "STRIPE TECHNOLOGY EUROPE LTD", "CH": "STRIPE PAYMENTS EUROPE LTD"}
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_PAID_AT = 3 * 3600 + 900
# One in turn for each payout; None leaves it as it should be.
_TURNS = (
    None,
    BankLineKind.MANGLED,
    None,
    BreakClass.MISSING_RIGHT,
    None,
    BreakClass.AMOUNT,
    BankLineKind.MANGLED,
    None,
    BankLineKind.ORPHAN,
    None,
    BankLineKind.BATCH,
    *(None,) * 5,
)


def make_payouts(day: Day) -> None:
    """Pays out what became available, one payout per currency with a positive balance. Business days only."""
    if not is_business_day(day.date):
        return
    day.flush()
    due = utc_midnight(day.date)
    for account in day.entity.bank_accounts:
        amount = day.store.scalar(
            "SELECT sum(amount - fee) FROM bt WHERE payout IS NULL AND available_on <= ? AND currency = ?",
            due,
            account.currency,
        )
        if amount and amount > 0:
            _pay_out(day, account.currency, amount, due)
        _close_batch(day, account.currency)
    day.flush()


def _pay_out(day: Day, currency: str, amount: int, due: int) -> None:
    payout = day.reserve("payout")
    at = day.start + _PAID_AT
    turn = day.store.meta("payout_turn", 0)
    plan = _open_plan(day, currency, turn)
    arrival = plan["arrival"]
    trace = _trace(day, payout)
    bt = day.movement(
        at, Movement.PAYOUT, payout, amount=-amount, fee=0, currency=currency, available_on=utc_midnight(arrival)
    )
    day.put("payout", payout, at, amount, currency, utc_midnight(arrival), trace, bt, plan["breaks"])
    day.flush()
    day.store.connection.execute(
        "UPDATE bt SET payout = ? WHERE payout IS NULL AND available_on <= ? AND currency = ?", (payout, due, currency)
    )
    day.store.connection.execute("UPDATE bt SET payout = ? WHERE n = ?", (payout, bt))
    day.event(at, "payout.created", payout)
    day.event(at + 3600, "payout.reconciliation_completed", payout)
    day.event(utc_midnight(arrival) + 6 * 3600, "payout.paid", payout)
    _arrive(day, currency, arrival, plan["kind"], (payout, amount, trace))


def _open_plan(day: Day, currency: str, turn: int) -> dict[str, Any]:
    """When the payout reaches the bank, and what is wrong with it there."""
    batch = day.store.meta(f"batch/{currency}")
    if batch:
        return {"arrival": dt.date.fromisoformat(batch["day"]), "kind": BankLineKind.BATCH, "breaks": None}
    day.store.remember("payout_turn", turn + 1)
    step = _TURNS[turn % len(_TURNS)]
    if step is BankLineKind.BATCH:
        arrival = add_business_days(day.date, 2 + turn // len(_TURNS) % 2)
        day.store.remember(f"batch/{currency}", {"day": arrival.isoformat(), "payouts": []})
        return {"arrival": arrival, "kind": BankLineKind.BATCH, "breaks": None}
    lag = 1 + min(2, int(day.rng.random() ** 2 * 3.4))
    arrival = add_business_days(day.date, lag)
    if step is BankLineKind.ORPHAN:
        _orphan(day, currency, arrival)
        step = None
    breaks = step.value if isinstance(step, BreakClass) else None
    return {"arrival": arrival, "kind": step or BankLineKind.PAYOUT, "breaks": breaks}


def _arrive(day: Day, currency: str, arrival: dt.date, kind: str, paid: tuple[int, int, str]) -> None:
    """The line at the bank; a batch waits until its last payout is in."""
    payout, amount, trace = paid
    text = f"STRIPE {trace}"
    match kind:
        case BreakClass.MISSING_RIGHT:
            return
        case BankLineKind.BATCH:
            batch = day.store.meta(f"batch/{currency}")
            batch["payouts"].append([payout, amount, trace])
            day.store.remember(f"batch/{currency}", batch)
        case BankLineKind.MANGLED:
            _line(
                day,
                currency,
                arrival,
                kind,
                amount=amount,
                end_to_end=None,
                text=f"STRIPE {mangled(day, trace)}",
                payouts=[paid],
            )
        case BreakClass.AMOUNT:
            wrong = amount - min(amount - 1, day.rng.choice((25, 150, 500, 990, 1250)))
            _line(
                day, currency, arrival, BankLineKind.PAYOUT, amount=wrong, end_to_end=trace, text=text, payouts=[paid]
            )
        case _:
            _line(
                day, currency, arrival, BankLineKind.PAYOUT, amount=amount, end_to_end=trace, text=text, payouts=[paid]
            )


def _close_batch(day: Day, currency: str) -> None:
    """Books the open batch as one line once no further payout can join it."""
    batch = day.store.meta(f"batch/{currency}")
    if not batch or not batch["payouts"]:
        return
    arrival = dt.date.fromisoformat(batch["day"])
    if add_business_days(day.date, 1) < arrival:
        return
    payouts = [tuple(item) for item in batch["payouts"]]
    total = sum(amount for _, amount, _ in payouts)
    text = "STRIPE SAMMELGUTSCHRIFT " + " ".join(trace for _, _, trace in payouts)
    single = len(payouts) == 1
    kind = BankLineKind.PAYOUT if single else BankLineKind.BATCH
    end_to_end = payouts[0][2] if single else None
    _line(day, currency, arrival, kind, amount=total, end_to_end=end_to_end, text=text, payouts=payouts)
    day.store.remember(f"batch/{currency}", None)


def _orphan(day: Day, currency: str, arrival: dt.date) -> None:
    """Money from Stripe at the bank that no payout explains."""
    amount = day.rng.randint(20_011, 90_000) if currency != "JPY" else day.rng.randint(4_011, 90_000)
    trace = _trace(day, 10_000_000 + day.numbers["payout"])
    _line(
        day, currency, arrival, BankLineKind.ORPHAN, amount=amount, end_to_end=trace, text=f"STRIPE {trace}", payouts=[]
    )


def _line(
    day: Day,
    currency: str,
    booked: dt.date,
    kind: str,
    *,
    amount: int,
    end_to_end: str | None,
    text: str,
    payouts: list[tuple[int, int, str]],
) -> None:
    number = day.reserve("bank_line")
    day.put(
        "bank_line", number, day.entity.account_for(currency).iban, booked.isoformat(), kind, amount,
        f"{booked:%y%m%d}{number:010d}", STRIPE_NAME[day.entity.country], end_to_end, text, orjson.dumps(payouts),
    )  # fmt: skip


def _trace(day: Day, payout: int) -> str:
    """The reference under which the bank sees the payout: 14 characters without look-alikes."""
    value, text = mixed(day.salt ^ payout ^ 0x7ACE), ""
    for _ in range(12):
        value, digit = divmod(value, len(_LETTERS))
        text += _LETTERS[digit]
    return f"ST{text}"


def mangled(day: Day, trace: str) -> str:
    """A reference as banks pass it on: a space in the middle, a character lost, doubled or misread, the end cut."""
    at = day.rng.randint(4, 10)
    return (
        f"{trace[:at]} {trace[at:]}",
        trace[:at] + trace[at + 1 :],
        trace[:at] + trace[at] + trace[at:],
        trace[:at] + ("X" if trace[at] != "X" else "Y") + trace[at + 1 :],
        trace[:-2],
        trace.lower(),
    )[day.rng.randint(0, 5)]
