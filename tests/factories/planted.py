"""Settlements from a seed in which every class of break and kind of rule is planted, with the truth beside them."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from services.reconciliation import Rate
from tests.factories.reconciliation import DAY, Row

PARAMETERS: dict[str, Any] = {
    "amount_tolerance_minor": 5,
    "amount_tolerance_ppm": 500,
    "net_of_fee": 1,
    "fx_tolerance_ppm": 2_000,
    "expected_days": 2,
    "timing_business_days": 1,
    "check_references": 1,
    "similarity_percent": 85,
    "window_days": 3,
    "order": ["S-70", "S-80", "S-90", "S-91", "S-95"],
}
RATES = [
    Rate("EUR", "JPY", DAY - dt.timedelta(days=40), Decimal("163.4")),
    *(Rate("EUR", "JPY", DAY - dt.timedelta(days=n), Decimal("163.4")) for n in range(40)),
    *(Rate("KWD", "EUR", DAY - dt.timedelta(days=n), Decimal("2.99")) for n in range(41)),
]
# Monday 2 March 2026 rests in this merchant's calendar, so that Friday and Wednesday are two business days apart.
REST, FRIDAY = dt.date(2026, 3, 2), dt.date(2026, 2, 27)
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass
class Planted:
    """Both sides; breaks as (class, subject key), groups as (rule, left keys, right keys), keys still expected."""

    chance: random.Random
    left: list[Row] = field(default_factory=list)
    right: list[Row] = field(default_factory=list)
    breaks: set[tuple[str, str]] = field(default_factory=set)
    groups: set[tuple[str, frozenset[str], frozenset[str]]] = field(default_factory=set)
    expected: set[str] = field(default_factory=set)
    _amounts: set[int] = field(default_factory=set)

    def amount(self) -> int:
        """Far from every other amount, so that only what is planted adds up; none is a sum of others by accident."""
        while True:
            minor = self.chance.randrange(1_000_000, 900_000_000)
            if all(abs(minor - other) > 1_000 for other in self._amounts):
                self._amounts.add(minor)
                return minor

    def row(self, day: dt.date | None = None, **more: Any) -> Row:
        token = "".join(self.chance.choices(_LETTERS, k=22))
        day = day or DAY - dt.timedelta(days=self.chance.randrange(6, 30))
        minor = self.amount()
        return Row(f"ch_{token}:charge", minor, fee=minor // 100, day=day, reference=f"INV {token[:8]}", **more)

    def both(self, left: Row, right: Row) -> None:
        self.left.append(left)
        self.right.append(right)

    def group(self, rule: str, left: list[Row], right: list[Row]) -> None:
        self.left += left
        self.right += right
        self.groups.add((rule, frozenset(row.key for row in left), frozenset(row.key for row in right)))

    def broken(self, kind: str, left: Row | None, right: Row | None) -> None:
        self.left += [left] if left else []
        self.right += [right] if right else []
        subject = left or right
        assert subject is not None
        self.breaks.add((kind, subject.key))


def a_merchant(seed: int, times: int = 2, agreeing: int = 60) -> Planted:
    """A merchant with each kind planted `times`, among records that agree; the right side in another order."""
    world = Planted(random.Random(seed))
    for _ in range(agreeing):
        row = world.row()
        world.both(row, replace(row, at=row.occurred_at + dt.timedelta(seconds=world.chance.randrange(90))))
    for plant in (*_BREAKS, *_MATCHES):
        for _ in range(times):
            plant(world)
    world.chance.shuffle(world.left)
    world.chance.shuffle(world.right)
    return world


def _missing(world: Planted) -> None:
    world.broken("missing_left", None, world.row())
    world.broken("missing_right", world.row(), None)


def _awaited(world: Planted) -> None:
    row = world.row(day=DAY)
    world.left.append(row)
    world.expected.add(row.key)


def _facts(world: Planted) -> None:
    row = world.row()
    world.broken("amount", replace(row, minor=row.minor + row.minor // 50), row)
    row = world.row()
    world.broken("currency", replace(row, currency="USD"), row)  # there is no rate for it
    row = world.row()
    world.broken("fee", replace(row, fee=(row.fee or 0) + 3), row)
    row = world.row()
    world.broken("status", replace(row, status="pending"), row)
    row = world.row()
    world.broken("reference", replace(row, reference="INV-OTHER"), row)
    row = world.row()
    world.broken("fx", replace(row, minor=1_000_000), replace(row, minor=1_700_000, currency="JPY"))


def _late(world: Planted) -> None:
    row = world.row(day=FRIDAY - dt.timedelta(days=7))
    late = row.occurred_at + dt.timedelta(days=6)
    world.broken("timing", replace(row, at=late, day=late.date()), row)


def _twice(world: Planted) -> None:
    row = world.row()
    world.both(row, row)
    world.broken("duplicate", None, row)


def _rested(world: Planted) -> None:
    """Five days on the calendar, over a weekend and a day of rest: within three business days, so they agree."""
    row = world.row(day=FRIDAY)
    late = row.occurred_at + dt.timedelta(days=5)
    world.both(replace(row, at=late, day=late.date()), row)


def _tolerated(world: Planted) -> None:
    row = world.row()
    world.group("S-35", [replace(row, minor=row.minor + world.chance.choice([-5, 5]))], [row])
    row = world.row()
    world.group("S-35", [replace(row, minor=row.minor - row.minor // 2_500)], [row])
    row = world.row()
    world.group("S-35", [replace(row, minor=row.minor - (row.fee or 0))], [row])


def _exchanged(world: Planted) -> None:
    row = world.row()
    world.group("S-25", [replace(row, minor=10_000_00)], [replace(row, minor=1_634_100, currency="JPY")])
    row = world.row()
    world.group("S-25", [replace(row, minor=10_000_000, currency="KWD")], [replace(row, minor=2_990_500)])


def _garbled(world: Planted) -> None:
    row = world.row()
    world.group("S-70", [replace(row, key=row.key.upper().replace("_", "-"))], [row])
    row = world.row()
    typo = row.key[:9] + row.key[10] + row.key[9] + row.key[11:]
    world.group("S-80", [replace(row, key=typo if typo != row.key else row.key[:9] + row.key[10:])], [row])


def _batched(world: Planted) -> None:
    """1:n, n:1 and n:m by their batch."""
    one, two = world.row(), world.row()
    two = replace(two, day=one.day)
    names = [f"po_{world.chance.randrange(10**9):09d}" for _ in range(3)]
    whole = replace(world.row(day=one.day), minor=one.minor + two.minor)
    world.group("S-90", [whole], [replace(one, batch=names[0]), replace(two, batch=names[0])])
    one = world.row()
    two = replace(world.row(), day=one.day)
    whole = replace(world.row(day=one.day), minor=one.minor + two.minor)
    world.group("S-90", [replace(one, batch=names[1]), replace(two, batch=names[1])], [whole])
    lefts = [replace(world.row(), batch=names[2]) for _ in range(2)]
    total = sum(row.minor for row in lefts)
    rights = [replace(world.row(), batch=names[2]) for _ in range(2)]
    rights = [replace(rights[0], minor=total - 777), replace(rights[1], minor=777)]
    world.group("S-90", lefts, rights)


def _covered(world: Planted) -> None:
    parts = [world.row(day=FRIDAY - dt.timedelta(days=3)) for _ in range(3)]
    whole = replace(world.row(day=FRIDAY - dt.timedelta(days=3)), minor=sum(part.minor for part in parts))
    world.group("S-91", [whole], parts)


def _lone(world: Planted) -> None:
    row = world.row()
    other = world.row(day=row.day)
    world.group("S-95", [row], [replace(other, minor=row.minor)])


def _ambiguous(world: Planted) -> None:
    """Two of the same amount on the right: nobody can know, so all three stay for a person."""
    row = world.row()
    rivals = [replace(world.row(day=row.day), minor=row.minor) for _ in range(2)]
    world.broken("missing_right", row, None)
    for rival in rivals:
        world.broken("missing_left", None, rival)


_BREAKS: tuple[Callable[[Planted], None], ...] = (_missing, _awaited, _facts, _late, _twice, _rested, _ambiguous)
_MATCHES = (_tolerated, _exchanged, _garbled, _batched, _covered, _lone)
