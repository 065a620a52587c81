"""Which payout is which bank line, found the slow way: one line, one payout, one set after the other.

Nothing here is shared with the engine but the likeness of two texts and the calendar's business days. A sum or an
amount is taken only where it is the one explanation for everything in it; what is contested stays, for a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from rapidfuzz import fuzz

from services.reconciliation.workdays import BusinessCalendar
from tests.factories.reconciliation import Row

Group = tuple[str, frozenset[str], frozenset[str]]
Pair = tuple[frozenset[str], frozenset[str]]


@dataclass
class PayoutVerdict:
    """Breaks as (key, class), groups as (rule, payouts, lines), what is awaited as (side, key, why)."""

    breaks: set[tuple[str, str]] = field(default_factory=set)
    groups: set[Group] = field(default_factory=set)
    awaited: set[tuple[str, str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class PayoutOracle:
    """The rules' parameters, the entity's business days, and the last day that is looked at."""

    rules: Mapping[str, Any]
    calendar: BusinessCalendar
    through: dt.date

    def judge(self, payouts: Iterable[Row], lines: Iterable[Row]) -> PayoutVerdict:
        return _Judgement(self, list(payouts), list(lines)).verdict()

    def passed(self, first: dt.date, last: dt.date) -> int:
        """Business days after `first` up to `last`."""
        days = (first + dt.timedelta(days=n) for n in range(1, (last - first).days + 1))
        return sum(self.calendar.is_business_day(day) for day in days)

    def near(self, payout: Row, line: Row) -> bool:
        """The line may come a business day early and a window late."""
        return (
            payout.currency == line.currency
            and self.passed(line.day, payout.day) <= 1
            and self.passed(payout.day, line.day) <= self.rules["window_days"]
        )


class _Judgement:
    def __init__(self, oracle: PayoutOracle, payouts: list[Row], lines: list[Row]) -> None:
        self.oracle = oracle
        known = [row for row in payouts if self._is_known(row)]
        self.every = {row.key: row for row in [*known, *filter(self._is_known, lines)]}
        self.unpaid = {row.key: row for row in known if row.status == "failed"}
        self.payouts = {row.key: row for row in known if row.status != "failed"}
        self.lines = {row.key: row for row in sorted(lines, key=lambda row: (row.day, row.key)) if self._is_known(row)}
        self.left, self.right = [row.key for row in known], list(self.lines)
        self.groups: list[Group] = []
        self.repeats: set[str] = set()

    def verdict(self) -> PayoutVerdict:
        self._take("P-70", self._sent_back())
        steps: dict[str, Callable[[], None]] = {
            "P-10": self._by_references,
            "P-50": lambda: self._take("P-50", self._collective()),
            "P-30": lambda: self._take("P-30", self._alike()),
            "P-40": lambda: self._take("P-40", self._lone_amounts()),
        }
        for rule in self.oracle.rules["order"]:
            steps[rule]()
        found = PayoutVerdict()
        for group in self.groups:
            self._judge_group(found, group)
        grouped = {key for _, mine, theirs in self.groups for key in mine | theirs}
        for key in self.left:
            if key not in grouped and self._is_due(key):
                self._judge_payout(found, self.every[key])
        for key in self.right:
            if key not in grouped and self._is_due(key):
                found.breaks.add((key, "duplicate" if key in self.repeats else "missing_left"))
        return found

    def _is_known(self, row: Row) -> bool:
        return self.oracle.passed(self.oracle.through, row.day) <= self.oracle.rules["window_days"]

    def _is_due(self, key: str) -> bool:
        return self.every[key].day <= self.oracle.through

    def _judge_group(self, found: PayoutVerdict, group: Group) -> None:
        _, mine, theirs = group
        if not all(map(self._is_due, mine | theirs)):
            for side, keys in (("left", mine), ("right", theirs)):
                found.awaited |= {(side, key, "booked_later") for key in keys if self._is_due(key)}
        elif len(mine) == len(theirs) == 1 and (kind := self._problem(*mine, *theirs)):
            found.breaks.add((next(iter(mine)), kind))
        else:
            found.groups.add(group)

    def _problem(self, payout: str, line: str) -> str | None:
        left, right = self.every[payout], self.every[line]
        if left.currency != right.currency:
            return "currency"
        if left.minor != right.minor:
            return "amount"
        first, last = sorted((left.day, right.day))
        return "timing" if self.oracle.passed(first, last) > self.oracle.rules["window_days"] else None

    def _judge_payout(self, found: PayoutVerdict, payout: Row) -> None:
        if payout.status == "failed":
            found.awaited.add(("left", payout.key, "not_paid"))
        elif self.oracle.passed(payout.day, self.oracle.through) < self.oracle.rules["arrival_days"]:
            found.awaited.add(("left", payout.key, "not_due"))
        else:
            found.breaks.add((payout.key, "missing_right"))

    def _take(self, rule: str, pairs: Iterable[Pair]) -> None:
        for mine, theirs in list(pairs):
            self.groups.append((rule, mine, theirs))
            for key in mine:
                del self.payouts[key]
            for key in theirs:
                del self.lines[key]

    def _named(self, line: Row, among: Mapping[str, Row]) -> set[str]:
        """The payouts a line names by a reference or an id that is nobody else's."""
        words = {_plain(word) for word in (line.reference or "").split()}
        owners = {word: {key for key, row in among.items() if word in _names(row)} for word in words if word}
        return {next(iter(keys)) for keys in owners.values() if len(keys) == 1}

    def _sent_back(self) -> list[Pair]:
        """The line of a payout that failed, and the line by which its money went back."""
        live = {name for row in self.payouts.values() for name in _names(row)}
        pairs = set[Pair]()
        for key, payout in self.unpaid.items():
            naming = {
                name for name, line in self.lines.items() if key in self._named(_without(line, live), self.unpaid)
            }
            alone = [name for name in naming if _money(self.lines[name]) == _money(payout)]
            came = [name for name in alone if len(self._named(_without(self.lines[name], live), self.unpaid)) == 1]
            if len(alone) == len(came) == 1:
                pairs |= {(frozenset(), frozenset([came[0], name])) for name in self._went(came[0], naming, live)}
        return [(mine, theirs) for mine, theirs in pairs if not any(theirs & o and theirs != o for _, o in pairs)]

    def _went(self, came: str, naming: set[str], live: set[str]) -> list[str]:
        first = self.lines[came]
        after = {
            name
            for name, line in self.lines.items()
            if _money(line) == (-first.minor, first.currency)
            and line.day >= first.day
            and self.oracle.passed(first.day, line.day) <= self.oracle.rules["window_days"]
        }
        strange = {name for name in after if live & {_plain(w) for w in (self.lines[name].reference or "").split()}}
        wanted = after & naming or after - strange
        return list(wanted) if len(wanted) == 1 else []

    def _by_references(self) -> None:
        among = dict(self.payouts)
        naming = {key: self._named(line, among) for key, line in self.lines.items()}
        whole = {
            key: names
            for key, names in naming.items()
            if len(names) > 1
            and {among[name].currency for name in names} == {self.lines[key].currency}
            and sum(among[name].minor for name in names) == self.lines[key].minor
        }
        sure = {
            key: names
            for key, names in whole.items()
            if not any(names & other and names != other for other in whole.values())
        }
        firsts = {frozenset(names): key for key, names in reversed(sure.items())}
        self._take("P-10", [(names, frozenset([key])) for names, key in firsts.items()])
        for key, names in naming.items():
            if names and key in self.lines and not names & self.payouts.keys():
                self._repeat(key)
        for payout in list(self.payouts):
            own = [key for key in self.lines if naming[key] == {payout} and not self._is_another_sum(key, payout)]
            equal = [key for key in own if _money(self.lines[key]) == _money(self.payouts[payout])]
            if own:
                chosen = [*equal, *own][0]
                for key in own:
                    if key != chosen:
                        self._repeat(key)
                self._take("P-20", [(frozenset([payout]), frozenset([chosen]))])

    def _is_another_sum(self, line: str, payout: str) -> bool:
        return bool(self.lines[line].batch) and _money(self.lines[line]) != _money(self.payouts[payout])

    def _repeat(self, line: str) -> None:
        self.repeats.add(line)
        del self.lines[line]

    def _collective(self) -> list[Pair]:
        found = [
            (frozenset(chosen), frozenset([key]))
            for key, line in self.lines.items()
            if line.batch
            for size in range(1, self.oracle.rules["batch_size"] + 1)
            for chosen in combinations([p for p, row in self.payouts.items() if self.oracle.near(row, line)], size)
            if sum(self.payouts[name].minor for name in chosen) == line.minor
        ]
        return [pair for pair in _unrivalled(found) if len(pair[0]) > 1]

    def _equal(self) -> list[tuple[str, str]]:
        return [
            (payout, key)
            for payout, row in self.payouts.items()
            for key, line in self.lines.items()
            if not line.batch and _money(line) == _money(row) and self.oracle.near(row, line)
        ]

    def _alike(self) -> list[Pair]:
        scores = {(payout, line): self._likeness(payout, line) for payout, line in self._equal()}
        taken: list[Pair] = []
        for (payout, line), score in scores.items():
            rivals = [other for (p, ln), other in scores.items() if (p == payout) != (ln == line)]
            lead = score - max(rivals, default=0)
            if score >= self.oracle.rules["similarity_percent"] and lead >= self.oracle.rules["margin_percent"]:
                taken.append((frozenset([payout]), frozenset([line])))
        return taken

    def _likeness(self, payout: str, line: str) -> int:
        mine, theirs = self.payouts[payout].reference or "", self.lines[line].reference
        return int(fuzz.partial_ratio(_plain(mine), _plain(theirs))) if theirs else 0

    def _lone_amounts(self) -> list[Pair]:
        pairs = _unrivalled([(frozenset([payout]), frozenset([line])) for payout, line in self._equal()])
        return [pair for pair in pairs if not any("po_" in (self.lines[line].reference or "") for line in pair[1])]


def _unrivalled(pairs: list[Pair]) -> list[Pair]:
    """Those that share nothing with another one."""
    return [
        (mine, theirs)
        for mine, theirs in pairs
        if not any(other != (mine, theirs) and (other[0] & mine or other[1] & theirs) for other in pairs)
    ]


def _money(row: Row) -> tuple[int, str]:
    return row.minor, row.currency


def _names(row: Row) -> set[str]:
    return {_plain(name) for name in (row.key, row.reference or "") if len(_plain(name)) >= 6}


def _without(line: Row, words: set[str]) -> Row:
    """The line without the words that name somebody else."""
    kept = [word for word in (line.reference or "").split() if _plain(word) not in words]
    return Row(line.key, line.minor, reference=" ".join(kept))


def _plain(words: str) -> str:
    return "".join(letter for letter in words.upper() if letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
