"""What the key left over on both sides of a settlement: ordered rules that take only what is surely a pair.

S-70 key equal but for what people do to keys, S-80 key alike, S-90 entries of one batch and their sum (1:n, n:1, n:m),
S-91 one entry and the only set that adds up to it, S-95 amount in the window where neither side has another choice.
Whatever is ambiguous stays a break, for a person.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import text

from services.core.db import UnitOfWork
from services.reconciliation.pairing import MOST_IN_WINDOW, Item, explanations, plain
from services.reconciliation.scene import Scene
from services.reconciliation.workdays import WEEKENDS, BusinessCalendar

MOST = 20_000  # leftovers of a side that are looked at; beyond them the rules of before are wrong, not the entries
_NEAR = 40  # candidates of equal amount that a similar key is looked for among

_READ = """
SELECT f.break_class = 'missing_right' AS is_left, f.subject_key, f.occurrence, e.amount_minor, e.currency, e.booked_on,
       coalesce(e.batch_ref, '') AS batch
FROM recon_found f JOIN recon_entry e ON e.ext_key = f.subject_key AND e.occurrence = f.occurrence
     AND e.source_id = CASE f.break_class WHEN 'missing_right' THEN :left ELSE :right END
WHERE f.break_class IN ('missing_left', 'missing_right') ORDER BY f.subject_key, f.occurrence
"""
_TAKE = """
DELETE FROM recon_found f USING recon_group_now g
WHERE f.subject_key = g.ext_key AND f.occurrence = g.occurrence
  AND f.break_class = CASE g.side WHEN 'left' THEN 'missing_right' ELSE 'missing_left' END
"""

_COPY = """
COPY recon_group_now (fingerprint, rule, confidence_percent, why, runner_up, side, source_id, ext_key, occurrence,
                      amount_minor, currency, allocated_minor) FROM STDIN
"""


@dataclass(frozen=True, slots=True)
class Found:
    """Entries that belong together, by which rule, how sure, why, and what came second."""

    rule: str
    confidence: int
    why: str
    left: tuple[Item, ...]
    right: tuple[Item, ...]
    runner_up: str | None = None

    @property
    def fingerprint(self) -> str:
        names = "|".join((self.rule, *sorted(map(_name, self.left)), "=", *sorted(map(_name, self.right))))
        return hashlib.sha256(names.encode()).hexdigest()[:32]


def _name(item: Item) -> str:
    return item.key if item.part is None else f"{item.key}={item.amount}/{item.part}"


@dataclass(slots=True)
class Table:
    """Both sides' leftovers; rules take them off the table."""

    left: dict[str, Item]
    right: dict[str, Item]
    parameters: dict[str, Any]
    calendar: BusinessCalendar = WEEKENDS
    groups: list[Found] = field(default_factory=list)

    def take(self, found: Found) -> None:
        self.groups.append(found)
        for item in found.left:
            del self.left[item.key]
        for item in found.right:
            del self.right[item.key]

    def near(self, one: Item, other: Item) -> bool:
        if one.currency != other.currency:
            return False
        return self.calendar.apart(one.booked_on, other.booked_on) <= self.parameters["window_days"]

    def neighbours(self, mine: Iterable[Item], theirs: Iterable[Item]) -> dict[tuple[dt.date, str], list[Item]]:
        """What of `theirs` lies in the window of `mine`, by the day and currency of the latter."""
        by_place: dict[tuple[dt.date, str], list[Item]] = defaultdict(list)
        for item in theirs:
            by_place[_place(item)].append(item)
        return {
            _place(one): [item for items in by_place.values() if self.near(one, items[0]) for item in items]
            for one in {_place(one): one for one in mine}.values()
        }

    def money(self, side: dict[str, Item]) -> dict[tuple[int, str], list[Item]]:
        found: dict[tuple[int, str], list[Item]] = defaultdict(list)
        for item in side.values():
            found[item.amount, item.currency].append(item)
        return found


def _place(item: Item) -> tuple[dt.date, str]:
    return item.booked_on, item.currency


def match(
    left: Iterable[Item],
    right: Iterable[Item],
    parameters: dict[str, Any],
    calendar: BusinessCalendar = WEEKENDS,
) -> list[Found]:
    """Groups what surely belongs together, rule by rule in the order that the parameters name."""
    table = Table({i.key: i for i in left}, {i.key: i for i in right}, parameters, calendar)
    for rule in parameters.get("order", ()):
        _RULES[rule](table)
    return table.groups


def match_leftovers(uow: UnitOfWork, scene: Scene) -> None:
    """Moves what the rules pair from `recon_found` to `recon_group_now`."""
    if not scene.parameters.get("order"):
        return
    rows = uow.session.execute(text(_READ), scene.values).all()
    items = [(row.is_left, _item(row)) for row in rows]
    left, right = [i for is_left, i in items if is_left], [i for is_left, i in items if not is_left]
    if not left or not right or max(len(left), len(right)) > MOST:
        return
    copy_groups(uow, match(left, right, scene.parameters, scene.calendar), scene)
    uow.session.execute(text(_TAKE))


def copy_groups(uow: UnitOfWork, groups: Iterable[Found], scene: Scene) -> None:
    """Writes groups into `recon_group_now`."""
    with uow.driver.cursor().copy(_COPY) as copy:
        for group in groups:
            head = (group.fingerprint, group.rule, group.confidence, group.why, group.runner_up)
            for side, source, members in (("left", scene.left, group.left), ("right", scene.right, group.right)):
                for item in members:
                    key, _, occurrence = item.key.rpartition("#")
                    copy.write_row((*head, side, source, key, int(occurrence), item.amount, item.currency, item.part))


def _item(row: Any) -> Item:
    name = f"{row.subject_key}#{row.occurrence}"
    return Item(name, row.amount_minor, row.currency, row.booked_on, row.batch)


def _kind(item: Item) -> str:
    """What the entry is by its key: `charge` of `ch_1:charge#0`."""
    return item.key.rpartition("#")[0].partition(":")[2]


def _by_plain_key(table: Table) -> None:
    names: dict[str, tuple[list[Item], list[Item]]] = defaultdict(lambda: ([], []))
    for at, side in enumerate((table.left, table.right)):
        for item in side.values():
            names[plain(item.key.rpartition("#")[0])][at].append(item)
    for left, right in list(names.values()):
        if len(left) == len(right) == 1 and left[0].amount == right[0].amount and table.near(left[0], right[0]):
            table.take(Found("S-70", 98, "key equal without case and punctuation", tuple(left), tuple(right)))


def _by_likeness(table: Table) -> None:
    scores = [
        (int(fuzz.ratio(plain(one.key), plain(other.key))), one.key, other.key) for one, other in _look_alikes(table)
    ]
    for score, one, other in sorted(scores, key=lambda row: (-row[0], row[1:])):
        if score < table.parameters["similarity_percent"] or one not in table.left or other not in table.right:
            continue
        rivals = [(s, k if o == other else o) for s, k, o in scores if (k == one) != (o == other)]
        second, name = max(rivals, default=(0, ""))
        if score - second >= table.parameters["margin_percent"]:
            why, runner = (
                f"key {score} % alike, amount equal",
                f"{name.rpartition('#')[0]} ({second} %)" if name else None,
            )
            table.take(Found("S-80", score, why, (table.left[one],), (table.right[other],), runner))


def _look_alikes(table: Table) -> Iterator[tuple[Item, Item]]:
    """Pairs of equal amount, currency and kind in the window; none of a kind in which one has too many to choose from,
    since the best of a part need not be the best."""
    kinds: dict[tuple[int, str, str], tuple[list[Item], list[Item]]] = defaultdict(lambda: ([], []))
    for at, side in enumerate((table.left, table.right)):
        for item in side.values():
            kinds[item.amount, item.currency, _kind(item)][at].append(item)
    for left, right in kinds.values():
        near = table.neighbours(left, right)
        if all(len(choice) <= _NEAR for choice in near.values()):
            yield from ((one, other) for one in left for other in near[_place(one)])


def _by_batch(table: Table) -> None:
    found = list[Found]()
    for mine, theirs, turned in ((table.left, table.right, False), (table.right, table.left, True)):
        batches, others, amounts = _batches(mine), _batches(theirs), table.money(theirs)
        for (batch, currency), members in batches.items():
            total = sum(item.amount for item in members)
            whys = [others[batch, currency]] if (batch, currency) in others else []
            if not whys and len(members) > 1:
                alone = [one for one in amounts[total, currency] if (one.reference, currency) not in batches]
                whys = [[one] for one in alone if all(table.near(one, member) for member in members)]
            for same in whys:
                if sum(item.amount for item in same) == total:
                    sides = (tuple(same), tuple(members)) if turned else (tuple(members), tuple(same))
                    found.append(Found("S-90", 95, f"batch {batch}, {len(members)} entries with this sum", *sides))
    _take_unrivalled(table, found)


def _batches(side: dict[str, Item]) -> dict[tuple[str, str], list[Item]]:
    batches: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in side.values():
        if item.reference:
            batches[item.reference, item.currency].append(item)
    return dict(batches)


def _by_covering_set(table: Table) -> None:
    found, unsure = list[Found](), set[tuple[bool, str]]()
    for mine, theirs, turned in ((table.left, table.right, False), (table.right, table.left, True)):
        near = table.neighbours(mine.values(), theirs.values())
        unsure.update(
            (not turned, item.key) for choice in near.values() if len(choice) > MOST_IN_WINDOW for item in choice
        )
        for one in mine.values():
            choice = near[_place(one)]
            if len(choice) > MOST_IN_WINDOW:
                unsure.add((turned, one.key))
                continue
            for members in explanations(choice, one.amount, table.parameters["batch_size"]):
                sides = (members, (one,)) if turned else ((one,), members)
                found.append(Found("S-91", 90, f"the only {len(members)} entries with this sum", *sides))
    _take_unrivalled(table, found, unsure)


def _take_unrivalled(table: Table, found: Iterable[Found], unsure: Iterable[tuple[bool, str]] = ()) -> None:
    """Takes the groups none of whose entries has another explanation or is `unsure` (is right, key).

    A set of single entries on both sides is an explanation too, but another rule's to take.
    """
    each = {group.fingerprint: group for group in found}
    wanted = Counter(name for group in each.values() for name in _names(group)) + Counter(dict.fromkeys(unsure, 2))
    for group in each.values():
        paired = group.rule == "S-91" and len(group.left) == len(group.right) == 1
        if not paired and all(wanted[name] == 1 for name in _names(group)):
            table.take(group)


def _names(group: Found) -> list[tuple[bool, str]]:
    return [(bool(is_right), item.key) for is_right, side in enumerate((group.left, group.right)) for item in side]


def _by_amount(table: Table) -> None:
    lefts, rights = table.money(table.left), table.money(table.right)
    for one in list(table.left.values()):
        mine = [i for i in lefts[one.amount, one.currency] if i.key in table.left]
        theirs = [i for i in rights[one.amount, one.currency] if i.key in table.right and table.near(one, i)]
        rivals = [i for i in mine if theirs and table.near(i, theirs[0])]
        if len(theirs) == 1 and len(rivals) == 1:
            table.take(Found("S-95", 85, "amount equal, the only one in the window", (one,), (theirs[0],)))


_RULES: dict[str, Callable[[Table], None]] = {
    "S-70": _by_plain_key,
    "S-80": _by_likeness,
    "S-90": _by_batch,
    "S-91": _by_covering_set,
    "S-95": _by_amount,
}
