"""What was planted: the list against which a reconciliation is judged, restricted to what a run can see."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import orjson

from services.sandbox.books import EXTRA_BASE, key_of
from services.sandbox.days import local_bounds, local_day, utc_day, utc_midnight
from services.sandbox.ids import Ids
from services.sandbox.profile import EntityProfile
from services.sandbox.store import Store
from services.sandbox.vocabulary import PAYOUT_BREAKS, SETTLEMENT_FAULTS, BankLineKind, BreakClass

_LEFT = frozenset({BreakClass.DUPLICATE, BreakClass.MISSING_RIGHT})
_FAULTS = """
SELECT bt.*, fault.breaks, fault.posted_at FROM ledger_fault AS fault JOIN bt ON bt.n = fault.bt
WHERE bt.created < ? ORDER BY bt.created, bt.n
"""


def yesterday(now: int, zone: str) -> dt.date:
    """The last business day that is over: the day a run goes through unless told otherwise."""
    return local_day(now, zone) - dt.timedelta(days=1)


def settlement_breaks(store: Store, entity: EntityProfile, ids: Ids, through: dt.date) -> list[dict[str, Any]]:
    """Books (left) against Stripe (right). A late posting is `missing_left` until the day it is posted."""
    end = local_bounds(through, entity.zone)[1]
    breaks = []
    for row in store.each(_FAULTS, end):
        kind = row["breaks"]
        if kind == BreakClass.TIMING and row["posted_at"] >= end:
            kind = BreakClass.MISSING_LEFT.value
        breaks.append(_break(entity, kind, key_of(ids, row), "left" if kind in _LEFT else "right"))
    for row in store.each("SELECT * FROM ledger_extra WHERE posted_at < ? ORDER BY n", end):
        key = f"{ids.make('ch', EXTRA_BASE + row['n'])}:charge"
        breaks.append(_break(entity, BreakClass.MISSING_RIGHT.value, key, "left"))
    return breaks


def payout_story(store: Store, entity: EntityProfile, ids: Ids, through: dt.date) -> dict[str, list[dict[str, Any]]]:
    """Stripe (left) against the bank (right): breaks, true pairs, and payouts still on their way."""
    end = local_bounds(through, entity.zone)[1]
    breaks, expected = [], []
    for row in store.each("SELECT * FROM payout WHERE created < ? ORDER BY n", end):
        key = ids.make("po", row["n"])
        if row["arrival"] > utc_midnight(through):
            expected.append({"entity": entity.code, "key": key, "arrival_date": utc_day(row["arrival"]).isoformat()})
        elif row["breaks"]:
            breaks.append(_break(entity, row["breaks"], key, "left"))
    matches = []
    query = "SELECT * FROM bank_line WHERE day <= ? AND kind <> ? ORDER BY n"
    for row in store.each(query, through.isoformat(), BankLineKind.UNRELATED.value):
        if row["kind"] == BankLineKind.ORPHAN:
            breaks.append(_break(entity, BreakClass.MISSING_LEFT.value, row["ref"], "right"))
            continue
        payouts = [ids.make("po", number) for number, _, _ in orjson.loads(row["payouts"])]
        matches.append(
            {"entity": entity.code, "iban": row["iban"], "bank": row["ref"], "payouts": payouts, "kind": row["kind"]}
        )
    return {"breaks": breaks, "matches": matches, "expected": expected}


def _break(entity: EntityProfile, kind: str, key: str, side: str) -> dict[str, Any]:
    return {"class": kind, "entity": entity.code, "key": key, "side": side}


def summed(settlement: list[dict[str, Any]], payouts: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Both definitions with a count per class."""
    return {
        "definitions": {
            "settlement": {"breaks": settlement, "counts": _counts(settlement, SETTLEMENT_FAULTS)},
            "payouts": {**payouts, "counts": _counts(payouts["breaks"], PAYOUT_BREAKS)},
        }
    }


def _counts(breaks: list[dict[str, Any]], classes: tuple[BreakClass, ...]) -> dict[str, int]:
    counted = Counter(item["class"] for item in breaks)
    return {item.value: counted[item.value] for item in classes}
