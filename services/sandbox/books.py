"""The merchant's own ledger: one CSV per day and entity, right except for the faults planted in it.

A line is posted on the local day of its movement. When a later night brings a new status (a SEPA debit settles or
comes back, a dispute moves on) the file of the finished day carries the line once more: the same `entry_id`, the
status of now. A planted duplicate is a second line with an `entry_id` of its own.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import sqlite3
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from services.core.money import exponent
from services.sandbox.days import local_bounds, local_day
from services.sandbox.ids import Ids, mixed
from services.sandbox.profile import EntityProfile
from services.sandbox.store import Store
from services.sandbox.vocabulary import MOVEMENTS, BreakClass, Movement

COLUMNS = (
    "entry_id", "posted_at", "reference", "type", "customer", "invoice", "amount", "fee", "currency", "status",
    "payout",
)  # fmt: skip
EXTRA_BASE = 2**40  # row numbers of charges that the books know and Stripe does not

_WRONG_CURRENCY = {"EUR": "USD", "CHF": "EUR", "JPY": "CHF"}
_WRONG_STATUS = {"succeeded": "pending"}
# Which charge stands behind a movement, whatever its source is.
_BEHIND = """
SELECT bt.*, charge.customer, charge.invoice, charge.settled_at, charge.failed_at, charge.method,
       dispute.review_at, dispute.closed_at, dispute.won,
       fault.breaks, fault.delta, fault.posted_at, payout.created AS paid_out_at
FROM bt
LEFT JOIN refund ON bt.kind IN (4, 5) AND refund.n = bt.source
LEFT JOIN dispute ON bt.kind IN (6, 7) AND dispute.n = bt.source
LEFT JOIN charge ON charge.n = coalesce(refund.charge, dispute.charge, CASE WHEN bt.kind <= 3 THEN bt.source END)
LEFT JOIN ledger_fault AS fault ON fault.bt = bt.n
LEFT JOIN payout ON payout.n = bt.payout
WHERE {chosen} ORDER BY bt.created, bt.n
"""
_OF_DAY = _BEHIND.format(chosen="bt.created >= ? AND bt.created < ? AND bt.kind <> 8")
_POSTED_LATE = _BEHIND.format(chosen="bt.n IN (SELECT bt FROM ledger_fault WHERE posted_at >= ? AND posted_at < ?)")
_RESTATED = _BEHIND.format(chosen="bt.n IN (SELECT bt FROM restatement WHERE at > ? AND at <= ?)")


class Ledger:
    """Renders the books of one entity as the merchant's system would export them after a day has ended."""

    def __init__(self, store: Store, entity: EntityProfile, ids: Ids) -> None:
        self._store = store
        self._zone = entity.zone
        self._clock = ZoneInfo(entity.zone)
        self._ids = ids

    def csv(self, day: dt.date) -> str:
        """The whole file of a day, header included."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(self.lines(day))
        return buffer.getvalue()

    def lines(self, day: dt.date) -> Iterator[tuple[str, ...]]:
        """Lines posted on that day, then earlier lines whose status changed by the midnight that ends it."""
        start, end = local_bounds(day, self._zone)
        for row in self._store.each(_OF_DAY, start, end):
            yield from self._posted(row, end)
        for row in self._store.each(_POSTED_LATE, start, end):
            yield self._line(row, end, row["posted_at"])
        for row in self._store.each("SELECT * FROM ledger_extra WHERE posted_at >= ? AND posted_at < ?", start, end):
            yield self._extra(row)
        for row in self._store.each(_RESTATED, start, end):
            yield from self._restated(row, start, end)

    def _posted(self, row: sqlite3.Row, as_of: int) -> Iterator[tuple[str, ...]]:
        if row["breaks"] in (BreakClass.MISSING_LEFT, BreakClass.TIMING):
            return
        posted_at = self._posting_time(row, as_of)
        yield self._line(row, as_of, posted_at)
        if row["breaks"] == BreakClass.DUPLICATE:
            yield self._line(row, as_of, posted_at, suffix="-2")

    def _restated(self, row: sqlite3.Row, start: int, end: int) -> Iterator[tuple[str, ...]]:
        """The line again, unless it stands in this file already or is not posted yet."""
        if row["created"] >= start:
            return
        if row["breaks"] == BreakClass.TIMING:
            if row["posted_at"] < start:
                yield self._line(row, end, row["posted_at"])
            return
        yield from self._posted(row, end)

    def _posting_time(self, row: sqlite3.Row, as_of: int) -> int:
        """Minutes to hours after the movement, still on its day. `as_of` is the end of that day or of a later one."""
        end = as_of
        if row["created"] < as_of - 22 * 3600:
            end = local_bounds(local_day(row["created"], self._zone), self._zone)[1]
        return min(row["created"] + 60 + mixed(row["n"]) % 5400, end - 1)

    def _line(self, row: sqlite3.Row, as_of: int, posted_at: int, suffix: str = "") -> tuple[str, ...]:
        shape = MOVEMENTS[Movement(row["kind"])]
        currency, status, breaks = row["currency"], status_of(row, as_of), row["breaks"]
        amount, fee = row["amount"], row["fee"]
        if breaks == BreakClass.AMOUNT:
            amount += row["delta"]
        elif breaks == BreakClass.FEE:
            fee -= row["delta"]
        printed = _WRONG_CURRENCY[currency] if breaks == BreakClass.CURRENCY else currency
        return (
            f"L{row['n']:010d}{suffix}",
            self._time(posted_at),
            self._ids.make(shape.prefix, row["source"]),
            shape.category,
            self._ids.make("cus", row["customer"]),
            self._ids.make("in", row["invoice"]) if row["invoice"] else "",
            decimal(amount, currency),
            decimal(fee, currency),
            printed,
            _WRONG_STATUS.get(status, status) if breaks == BreakClass.STATUS else status,
            self._ids.make("po", row["payout"]) if (row["paid_out_at"] or as_of) < as_of else "",
        )

    def _extra(self, row: sqlite3.Row) -> tuple[str, ...]:
        return (
            f"LX{row['n']:09d}",
            self._time(row["posted_at"]),
            self._ids.make("ch", EXTRA_BASE + row["n"]),
            "charge",
            self._ids.make("cus", row["customer"]),
            "",
            decimal(row["amount"], row["currency"]),
            decimal(row["fee"], row["currency"]),
            row["currency"],
            "succeeded",
            "",
        )

    def _time(self, instant: int) -> str:
        return dt.datetime.fromtimestamp(instant, self._clock).isoformat()


def status_of(row: sqlite3.Row, as_of: int) -> str:
    """The status of the movement's source (charge, refund or dispute) at an instant, as Stripe would show it."""
    if row["kind"] in (Movement.DISPUTE, Movement.DISPUTE_REVERSAL):
        if row["closed_at"] <= as_of:
            return "won" if row["won"] else "lost"
        return "under_review" if row["review_at"] <= as_of else "needs_response"
    if row["kind"] in (Movement.PAYMENT, Movement.PAYMENT_FAILURE):
        if row["failed_at"] is not None and row["failed_at"] <= as_of:
            return "failed"
        return "succeeded" if row["settled_at"] is not None and row["settled_at"] <= as_of else "pending"
    return "succeeded"


def key_of(ids: Ids, row: sqlite3.Row) -> str:
    """`<source id>:<reporting category>`: how books and Stripe name the same movement."""
    shape = MOVEMENTS[Movement(row["kind"])]
    return f"{ids.make(shape.prefix, row['source'])}:{shape.category}"


def decimal(minor: int, currency: str) -> str:
    """Minor units as a decimal number with the currency's own decimals: 1999 EUR is 19.99, 500 JPY is 500."""
    digits = exponent(currency)
    if digits == 0:
        return str(minor)
    sign, text = "-" if minor < 0 else "", str(abs(minor)).zfill(digits + 1)
    return f"{sign}{text[:-digits]}.{text[-digits:]}"
