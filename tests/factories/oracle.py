"""What the rules of a settlement say, found the slow way: one record, one pair, one set after the other.

Nothing here is shared with the engine but the likeness of two texts and the calendar. A group is taken only where it is
the one explanation that its rule has for every entry in it; whatever is ambiguous stays a break, for a person.
"""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from typing import Any

from rapidfuzz import fuzz

from services.reconciliation.workdays import BusinessCalendar
from tests.factories.reconciliation import Row, World

Name = tuple[str, int]
Side = dict[Name, Row]
Group = tuple[str, frozenset[Name], frozenset[Name]]
Rates = Mapping[tuple[str, str, dt.date], Fraction]
_MINOR_UNITS = {"JPY": 1, "KWD": 1000}
_SURELY = 14


@dataclass
class Verdict:
    """Breaks as (key, occurrence, class), and groups as (rule, names of the left, names of the right)."""

    breaks: set[tuple[str, int, str]] = field(default_factory=set)
    groups: set[Group] = field(default_factory=set)


@dataclass(frozen=True)
class Oracle:
    """The rules' parameters, the entity's business days and the merchant's rates."""

    rules: Mapping[str, Any]
    calendar: BusinessCalendar
    rates: Rates

    def judge(self, world: World) -> Verdict:
        left, right = _numbered(world.left), _numbered(world.right)
        verdict = Verdict()
        alone: tuple[Side, Side] = ({}, {})
        for name in left.keys() | right.keys():
            if name in left and name in right:
                self._judge_pair(verdict, name, left[name], right[name])
            elif name[1]:
                verdict.breaks.add((*name, "duplicate"))
            else:
                alone[name in right][name] = (left | right)[name]
        for rule in self.rules.get("order", ()):
            for group in self._groups(rule, *alone):
                verdict.groups.add((rule, *group))
                for side, names in zip(alone, group, strict=True):
                    for name in names:
                        del side[name]
        verdict.breaks |= {(*name, "missing_right") for name in alone[0]}
        verdict.breaks |= {(*name, "missing_left") for name in alone[1]}
        return verdict

    def _judge_pair(self, verdict: Verdict, name: Name, left: Row, right: Row) -> None:
        rule, kind = self._by_key(left, right)
        if kind:
            verdict.breaks.add((*name, kind))
        elif rule:
            verdict.groups.add((rule, frozenset([name]), frozenset([name])))

    def _by_key(self, left: Row, right: Row) -> tuple[str | None, str | None]:
        """The rule beyond the key that lets a pair pass, and the class of its break."""
        rule = None
        if left.currency != right.currency:
            rule, kind = self._exchanged(left, right)
            if kind:
                return None, kind
        elif left.minor != right.minor:
            if not self._within(left, right):
                return None, "amount"
            rule = "S-35"
        if rule != "S-25" and None not in (left.fee, right.fee) and left.fee != right.fee:
            return None, "fee"
        if left.status != right.status:
            return None, "status"
        if self._late(left, right):
            return None, "timing"
        named = {_plain(row.reference) for row in (left, right) if row.reference is not None}
        if self.rules.get("check_references") and len(named) > 1:
            return None, "reference"
        return rule, None

    def _within(self, left: Row, right: Row) -> bool:
        apart = abs(left.minor - right.minor)
        if self.rules.get("net_of_fee") and right.fee is not None and left.minor == right.minor - right.fee:
            return True
        relative = Fraction(abs(left.minor) * self.rules.get("amount_tolerance_ppm", 0), 1_000_000)
        return apart <= self.rules.get("amount_tolerance_minor", 0) or apart <= relative

    def _exchanged(self, left: Row, right: Row) -> tuple[str | None, str | None]:
        rate = self._rate(left.currency, right.currency, min(left.day, right.day))
        if not self.rules.get("fx_tolerance_ppm") or rate is None:
            return None, "currency"
        worth = _rounded(left.minor * rate * _units(right.currency) / _units(left.currency))
        allowed = Fraction(abs(right.minor) * self.rules["fx_tolerance_ppm"], 1_000_000)
        return ("S-25", None) if abs(worth - right.minor) <= allowed else (None, "fx")

    def _rate(self, base: str, quote: str, day: dt.date) -> Fraction | None:
        for back in range(8):
            asked = day - dt.timedelta(days=back)
            if direct := self.rates.get((base, quote, asked)):
                return direct
            if other := self.rates.get((quote, base, asked)):
                return 1 / other
        return None

    def _late(self, left: Row, right: Row) -> bool:
        days = self.rules["timing_days"]
        if abs(left.occurred_at - right.occurred_at) <= dt.timedelta(days=days):
            return False
        if not self.rules.get("timing_business_days"):
            return True
        first, last = sorted((left.occurred_at.date(), right.occurred_at.date()))
        passed = [first + dt.timedelta(days=n) for n in range(1, (last - first).days + 1)]
        return sum(self.calendar.is_business_day(day) for day in passed) > days

    def _groups(self, rule: str, left: Side, right: Side) -> list[tuple[frozenset[Name], frozenset[Name]]]:
        found = {
            "S-70": self._plain_keys,
            "S-80": self._look_alikes,
            "S-90": self._batches,
            "S-91": self._covering_sets,
            "S-95": self._lone_amounts,
        }[rule](left, right)
        return [(frozenset(mine), frozenset(theirs)) for mine, theirs in found]

    def _near(self, *rows: Row) -> bool:
        first, last = min(row.day for row in rows), max(row.day for row in rows)
        passed = [first + dt.timedelta(days=n) for n in range(1, (last - first).days + 1)]
        business = sum(self.calendar.is_business_day(day) for day in passed)
        return len({row.currency for row in rows}) == 1 and business <= self.rules["window_days"]

    def _plain_keys(self, left: Side, right: Side) -> Iterable[tuple[set[Name], set[Name]]]:
        for one, mine in left.items():
            lefts = [name for name in left if _plain(name[0]) == _plain(one[0])]
            rights = [name for name in right if _plain(name[0]) == _plain(one[0])]
            if len(lefts) == len(rights) == 1:
                theirs = right[rights[0]]
                if mine.minor == theirs.minor and self._near(mine, theirs):
                    yield {one}, {rights[0]}

    def _look_alikes(self, left: Side, right: Side) -> Iterable[tuple[set[Name], set[Name]]]:
        scores = {
            (one, other): int(fuzz.ratio(_plain(f"{one[0]}#0"), _plain(f"{other[0]}#0")))
            for one, mine in left.items()
            for other, theirs in right.items()
            if mine.minor == theirs.minor and self._near(mine, theirs) and _kind(one) == _kind(other)
        }
        for (one, other), score in scores.items():
            rivals = [s for (a, b), s in scores.items() if (a == one) != (b == other)]
            lead = score - max(rivals, default=0)
            if score >= self.rules["similarity_percent"] and lead >= self.rules["margin_percent"]:
                yield {one}, {other}

    def _batches(self, left: Side, right: Side) -> Iterable[tuple[set[Name], set[Name]]]:
        found = set[tuple[frozenset[Name], frozenset[Name]]]()
        for mine, theirs, turned in ((left, right, False), (right, left, True)):
            for batch in {(row.batch, row.currency) for row in mine.values() if row.batch}:
                members = _of_batch(mine, batch)
                same = _of_batch(theirs, batch)
                alone = [
                    {name}
                    for name, row in theirs.items()
                    if len(members) > 1
                    and not _of_batch(mine, (row.batch, row.currency))
                    and all(self._near(row, mine[member]) for member in members)
                ]
                for other in [same] if same else alone:
                    if _sum(mine, members) == _sum(theirs, other):
                        pair = (frozenset(members), frozenset(other))
                        found.add((pair[1], pair[0]) if turned else pair)
        return _unrivalled(found)

    def _covering_sets(self, left: Side, right: Side) -> Iterable[tuple[set[Name], set[Name]]]:
        found = set[tuple[frozenset[Name], frozenset[Name]]]()
        for mine, theirs, turned in ((left, right, False), (right, left, True)):
            for one, row in mine.items():
                near = [name for name, other in theirs.items() if self._near(row, other)]
                assert len(near) <= _SURELY, "the oracle is for small worlds"
                for size in range(1, self.rules["batch_size"] + 1):
                    for chosen in combinations(near, size):
                        if _sum(theirs, chosen) == row.minor:
                            pair = (frozenset([one]), frozenset(chosen))
                            found.add((pair[1], pair[0]) if turned else pair)
        return [pair for pair in _unrivalled(found) if len(pair[0]) + len(pair[1]) > 2]

    def _lone_amounts(self, left: Side, right: Side) -> Iterable[tuple[set[Name], set[Name]]]:
        return _unrivalled(
            (frozenset([one]), frozenset([other]))
            for one, mine in left.items()
            for other, theirs in right.items()
            if mine.minor == theirs.minor and self._near(mine, theirs)
        )


def _numbered(rows: list[Row]) -> Side:
    """Further rows of the same key get the next occurrence."""
    seen: dict[str, int] = defaultdict(int)
    side = {}
    for row in rows:
        side[row.key, seen[row.key]] = row
        seen[row.key] += 1
    return side


def _unrivalled(
    found: Iterable[tuple[frozenset[Name], frozenset[Name]]],
) -> list[tuple[set[Name], set[Name]]]:
    """Those that share no entry of either side with another one."""
    every = list(found)
    return [
        (set(mine), set(theirs))
        for mine, theirs in every
        if not any(other != (mine, theirs) and (other[0] & mine or other[1] & theirs) for other in every)
    ]


def _of_batch(side: Side, batch: tuple[str | None, str]) -> set[Name]:
    return {name for name, row in side.items() if row.batch and (row.batch, row.currency) == batch}


def _sum(side: Side, names: Iterable[Name]) -> int:
    return sum(side[name].minor for name in names)


def _units(currency: str) -> int:
    return _MINOR_UNITS.get(currency, 100)


def _rounded(worth: Fraction) -> int:
    """Half away from zero."""
    whole = math.floor(abs(worth) + Fraction(1, 2))
    return whole if worth >= 0 else -whole


def _plain(words: str) -> str:
    return "".join(letter for letter in words.upper() if letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def _kind(name: Name) -> str:
    return name[0].partition(":")[2]
