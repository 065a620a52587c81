"""Which payout is which bank line: pure rules on what both sides say. An automatic match is never a guess.

Rules in order; each takes only what the earlier ones left, and only where exactly one answer fits:
P-70 the line of a payout that failed afterwards and the line by which it went back; P-10 a line that names several
payouts whose sum it is, unless another such line names some of them; P-20 a line that names exactly one payout; P-50
a collective line and the one set of payouts that adds up to it; P-30 a garbled reference, same amount, in the window;
P-40 same amount in the window where neither side has another choice. Whatever is ambiguous stays open.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, islice

from rapidfuzz import fuzz

from services.reconciliation.vocabulary import Rule
from services.reconciliation.workdays import WEEKENDS, BusinessCalendar

_WORD = re.compile(r"[^\s/+,;:]+")  # what stands between blanks and the marks banks put between fields
_TOKEN = re.compile(r"[A-Za-z0-9_]{6,}")
_NOISE = re.compile(r"[^A-Z0-9]")
MOST_IN_WINDOW = 14  # payouts a collective line may choose from; beyond it a person decides


@dataclass(frozen=True, slots=True)
class Item:
    """One payout or one bank line, as the rules see it; `part` is what a person gives of it to one group."""

    key: str
    amount: int
    currency: str
    booked_on: dt.date
    reference: str = ""
    collective: bool = False
    part: int | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Payouts and lines that belong together, by which rule, how sure, and why in one line."""

    rule: Rule
    confidence: int
    why: str
    payouts: tuple[str, ...]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Parameters of the rules: likeness and lead in percent, business days between payout and line, parts of a line."""

    similarity: int
    margin: int
    window_days: int
    batch_size: int
    order: tuple[str, ...] = ("P-10", "P-50", "P-30", "P-40")
    calendar: BusinessCalendar = WEEKENDS


@dataclass(slots=True)
class Pairing:
    """What the rules found. `repeats` are further lines of a payout that has its line already."""

    groups: list[Group] = field(default_factory=list)
    repeats: list[str] = field(default_factory=list)


def pair(payouts: Iterable[Item], lines: Iterable[Item], limits: Limits, unpaid: Iterable[Item] = ()) -> Pairing:
    """Groups payouts and bank lines; what is in no group has no match that could be proven.

    `unpaid` are payouts that failed, some of them after the bank had booked them.
    """
    table = _Table(sorted(payouts, key=_by_day), sorted(lines, key=_by_day), limits)
    table.by_sending_back(sorted(unpaid, key=_by_day))
    steps = {
        "P-10": table.by_references,
        "P-50": table.by_collective_sum,
        "P-30": table.by_likeness,
        "P-40": table.by_amount,
    }
    for rule in limits.order:
        steps[rule]()
    return table.result


def plain(text: str) -> str:
    """A reference without what banks do to it: capitals, no blanks, no punctuation."""
    return _NOISE.sub("", text.upper())


def likeness(reference: str, remittance: str) -> int:
    """How much of `reference` can be found in `remittance`, in percent."""
    return int(fuzz.partial_ratio(plain(reference), plain(remittance)))


def _names(items: Iterable[Item]) -> dict[str, str]:
    """Plain reference or id → payout, where it names one payout only."""
    owners: dict[str, set[str]] = defaultdict(set)
    for item in items:
        for name in _names_of(item):
            owners[name].add(item.key)
    return {name: next(iter(keys)) for name, keys in owners.items() if len(keys) == 1}


def _names_of(payout: Item) -> list[str]:
    """Its id and its reference, plain, as far as they are long enough to mean something."""
    return [name for name in map(plain, (payout.key, payout.reference)) if len(name) >= 6]


def _words_of(line: Item) -> list[str]:
    return [plain(word) for pattern in (_WORD, _TOKEN) for word in pattern.findall(line.reference)]


def _named_in(line: Item, named: dict[str, str]) -> list[str]:
    """The payouts a line names, in its order."""
    return list(dict.fromkeys(named[word] for word in _words_of(line) if word in named))


def _same(one: Item, other: Item) -> bool:
    return (one.amount, one.currency) == (other.amount, other.currency)


def _by_day(item: Item) -> tuple[dt.date, str]:
    return item.booked_on, item.key


class _Table:
    """Payouts on the left, lines on the right; rules take them off the table."""

    def __init__(self, payouts: list[Item], lines: list[Item], limits: Limits) -> None:
        self.payouts = {item.key: item for item in payouts}
        self.lines = {item.key: item for item in lines}
        self.limits = limits
        self.result = Pairing()

    def by_sending_back(self, unpaid: list[Item]) -> None:
        """The line of a payout that failed afterwards, and the one line by which its money went back; neither may
        belong to another failed payout as well."""
        live = {name for item in self.payouts.values() for name in _names_of(item)}
        named = {name: key for name, key in _names(unpaid).items() if name not in live}
        of_payout: dict[str, list[Item]] = defaultdict(list)
        for line in list(self.lines.values()) if named else ():
            for key in _named_in(line, named):
                of_payout[key].append(line)
        ways = {payout.key: self._back_and_forth(payout, of_payout, live) for payout in unpaid}
        wanted = Counter(line.key for way in ways.values() for line in way)
        for key, way in ways.items():
            if way and all(wanted[line.key] == 1 for line in way):
                why = f"{key} failed after it was paid, and went back"
                self._take(Rule.SENT_BACK, 95, why, (), [line.key for line in way])

    def _back_and_forth(self, payout: Item, of_payout: dict[str, list[Item]], live: set[str]) -> list[Item]:
        """The line that brought a payout and the one that took it back, or nothing where one of them is not sure."""
        naming = of_payout[payout.key]
        came = [line for line in naming if _same(line, payout)]
        if len(came) != 1 or any(came[0] in others for key, others in of_payout.items() if key != payout.key):
            return []
        went = self._went_back(came[0], naming, live)
        return [came[0], went[0]] if len(went) == 1 else []

    def _went_back(self, came: Item, naming: list[Item], live: set[str]) -> list[Item]:
        """Lines of the opposite amount in the window after `came`: those that name the payout, else those that name
        no other."""
        after = [
            line
            for line in self.lines.values()
            if (line.amount, line.currency) == (-came.amount, came.currency)
            and 0 <= self.limits.calendar.between(came.booked_on, line.booked_on) <= self.limits.window_days
            and line.booked_on >= came.booked_on
        ]
        return [line for line in after if line in naming] or [x for x in after if live.isdisjoint(_words_of(x))]

    def by_references(self) -> None:
        named = _names(self.payouts.values())
        hits = {line.key: _named_in(line, named) for line in self.lines.values()}
        whole = {line: set(keys) for line, keys in hits.items() if len(keys) > 1 and self._adds_up(keys, line)}
        for line, keys in whole.items():
            is_contested = any(keys != others and keys & others for others in whole.values())
            if not is_contested and keys <= self.payouts.keys():
                self._take(Rule.ALL_REFERENCES, 100, f"names {len(keys)} payouts, sum equal", hits[line], [line])
        for line, keys in hits.items():
            if keys and line in self.lines and not any(key in self.payouts for key in keys):
                self._repeat(line)
        hit_by: dict[str, list[str]] = defaultdict(list)
        for line, keys in hits.items():
            if line in self.lines and len(keys) == 1 and keys[0] in self.payouts and not self._is_sum(line, keys[0]):
                hit_by[keys[0]].append(line)
        for key, found in hit_by.items():
            first = next((line for line in found if self._same_money(key, line)), found[0])
            self._take(Rule.REFERENCE, 100, "reference equal", [key], [first])
            for repeat in found:
                if repeat != first:
                    self._repeat(repeat)

    def by_collective_sum(self) -> None:
        """The only set of payouts that explains a collective line, where no other such line may want one of them."""
        ways: dict[str, list[tuple[Item, ...]]] = {}
        wanted: Counter[str] = Counter()
        for line in [line for line in self.lines.values() if line.collective]:
            choice = [p for p in self.payouts.values() if self._in_window(p, line)]
            sure = len(choice) <= MOST_IN_WINDOW
            ways[line.key] = explanations(choice, line.amount, self.limits.batch_size) if sure else []
            wanted.update({p.key for way in ways[line.key] for p in way} if sure else {p.key for p in choice})
        for line, found in ways.items():
            if len(found) == 1 and len(found[0]) > 1 and all(wanted[payout.key] == 1 for payout in found[0]):
                why = f"collective line, the only {len(found[0])} payouts with this sum"
                self._take(Rule.BATCH, 95, why, [payout.key for payout in found[0]], [line])

    def by_likeness(self) -> None:
        scores: dict[tuple[str, str], int] = {}
        for payout, line in self._equal_pairs():
            score = likeness(payout.reference, line.reference) if line.reference else 0
            scores[payout.key, line.key] = score
        for (key, line), score in sorted(scores.items(), key=lambda item: (-item[1], item[0])):
            if score < self.limits.similarity or key not in self.payouts or line not in self.lines:
                continue
            rival = max((s for (k, ln), s in scores.items() if (k == key) != (ln == line)), default=0)
            if score - rival >= self.limits.margin:
                self._take(Rule.MANGLED_REFERENCE, score, f"reference {score} % alike, amount equal", [key], [line])

    def by_amount(self) -> None:
        for_payout: dict[str, list[str]] = defaultdict(list)
        for_line: dict[str, list[str]] = defaultdict(list)
        for payout, line in self._equal_pairs():
            for_payout[payout.key].append(line.key)
            for_line[line.key].append(payout.key)
        for key, lines in for_payout.items():
            if len(lines) == 1 and for_line[lines[0]] == [key] and not self._names_another(lines[0]):
                self._take(Rule.AMOUNT_WINDOW, 90, "amount equal, the only one in the window", [key], lines)

    def _equal_pairs(self) -> list[tuple[Item, Item]]:
        by_money: dict[tuple[int, str], list[Item]] = defaultdict(list)
        for line in self.lines.values():
            if not line.collective:
                by_money[line.amount, line.currency].append(line)
        return [
            (payout, line)
            for payout in self.payouts.values()
            for line in by_money[payout.amount, payout.currency]
            if self._in_window(payout, line)
        ]

    def _names_another(self, line: str) -> bool:
        """The line carries an intact payout id of Stripe's, so it speaks of a payout, and not of this one."""
        return any(token.startswith("po_") for token in _TOKEN.findall(self.lines[line].reference))

    def _adds_up(self, keys: list[str], line: str) -> bool:
        """The payouts are what the line brought, in its currency."""
        found = self.lines[line]
        parts = [self.payouts[key] for key in keys]
        return {p.currency for p in parts} == {found.currency} and sum(p.amount for p in parts) == found.amount

    def _repeat(self, line: str) -> None:
        self.result.repeats.append(line)
        del self.lines[line]

    def _is_sum(self, line: str, key: str) -> bool:
        """The line names one payout but is a collective one of another amount: its other parts must be found."""
        return self.lines[line].collective and not self._same_money(key, line)

    def _same_money(self, key: str, line: str) -> bool:
        return _same(self.payouts[key], self.lines[line])

    def _in_window(self, payout: Item, line: Item) -> bool:
        if payout.currency != line.currency:
            return False
        days = self.limits.calendar.between(payout.booked_on, line.booked_on)
        early = self.limits.calendar.between(line.booked_on, payout.booked_on)
        return early <= 1 and days <= self.limits.window_days

    def _take(self, rule: Rule, confidence: int, why: str, payouts: Iterable[str], lines: Iterable[str]) -> None:
        group = Group(rule, confidence, why, tuple(payouts), tuple(lines))
        self.result.groups.append(group)
        for key in group.payouts:
            del self.payouts[key]
        for key in group.lines:
            del self.lines[key]


def sums(choice: list[Item], amount: int, largest: int) -> list[list[str]]:
    """Up to two sets of payouts that add up to `amount`; none when there are too many to be sure."""
    if len(choice) > MOST_IN_WINDOW:
        return []
    return [[item.key for item in subset] for subset in islice(_every_sum(choice, amount, range(2, largest + 1)), 2)]


def explanations(choice: list[Item], amount: int, largest: int) -> list[tuple[Item, ...]]:
    """Every way to explain `amount`: the sets of up to `largest` items that add up to it, single ones among them."""
    return list(_every_sum(choice, amount, range(1, largest + 1)))


def _every_sum(choice: list[Item], amount: int, sizes: Iterable[int]) -> Iterator[tuple[Item, ...]]:
    for size in sizes:
        for subset in combinations(choice, size):
            if sum(item.amount for item in subset) == amount:
                yield subset
