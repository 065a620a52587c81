"""Payouts to bank: what Stripe says it paid out against what the bank says came in, and each payout against its parts.

There are a few payouts a day, so the rules work on them in memory (`pairing`); only the results go back set-based.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select, text

from services import payments
from services.core.db import UnitOfWork
from services.reconciliation.models import Entry
from services.reconciliation.pairing import Group, Item, Limits, Pairing, pair
from services.reconciliation.scene import EXPECTED_NOW, GROUP_NOW, Scene
from services.reconciliation.vocabulary import BreakClass, WhyExpected

_UNPAID = {"failed", "canceled"}

_FOUND_LIKE_BREAKS = """
CREATE TEMP TABLE recon_found ON COMMIT DROP AS
SELECT subject_key, occurrence, break_class, left_key, left_minor, left_currency, left_value, right_key, right_minor,
       right_currency, right_value, delta_minor, currency, booked_on FROM recon_break WITH NO DATA
"""


class _Finding(NamedTuple):
    """A row of `recon_found`, in its order."""

    subject_key: str
    occurrence: int
    break_class: str
    left_key: str | None
    left_minor: int | None
    left_currency: str | None
    left_value: str | None
    right_key: str | None
    right_minor: int | None
    right_currency: str | None
    right_value: str | None
    delta_minor: int
    currency: str
    booked_on: dt.date


class _Awaited(NamedTuple):
    """A row of `recon_expected_now`, in its order."""

    side: str
    ext_key: str
    occurrence: int
    amount_minor: int
    currency: str
    booked_on: dt.date
    why: str


@dataclass(frozen=True, slots=True)
class _Record:
    """A payout or a bank line. Two accounts of one bank may give the same reference: `name` tells them apart."""

    ext_key: str
    occurrence: int
    minor: int
    currency: str
    status: str
    booked_on: dt.date
    reference: str | None
    batch_ref: str | None

    @property
    def name(self) -> str:
        return self.ext_key if self.occurrence == 0 else f"{self.ext_key} #{self.occurrence}"

    def item(self) -> Item:
        collective = self.batch_ref is not None
        return Item(self.name, self.minor, self.currency, self.booked_on, self.reference or "", collective)

    def awaited(self, side: str, why: WhyExpected) -> _Awaited:
        return _Awaited(side, self.ext_key, self.occurrence, self.minor, self.currency, self.booked_on, why.value)


@dataclass(slots=True)
class _Sides:
    """Both sides by name, what the parts of each payout add up to, and what the run has said of them so far."""

    left: dict[str, _Record]
    right: dict[str, _Record]
    parts: dict[str, int]
    through: dt.date
    limits: Limits
    arrival_days: int
    found: dict[str, _Finding] = field(default_factory=dict)
    awaited: list[_Awaited] = field(default_factory=list)
    good: list[Group] = field(default_factory=list)

    def looks_at(self, record: _Record) -> bool:
        return record.booked_on <= self.through


def find_differences(uow: UnitOfWork, scene: Scene, *, entity_id: uuid.UUID) -> None:
    """Fills the temporary tables `recon_found`, `recon_expected_now` and `recon_group_now` of this transaction."""
    sides = _read(uow, scene, entity_id)
    pairing = pair(
        [record.item() for record in sides.left.values() if record.status not in _UNPAID],
        [record.item() for record in sides.right.values()],
        sides.limits,
        [record.item() for record in sides.left.values() if record.status in _UNPAID],
    )
    _judge_groups(sides, pairing)
    _judge_rest(sides, pairing)
    _judge_sums(sides)
    connection = uow.session.connection()
    for statement in (_FOUND_LIKE_BREAKS, GROUP_NOW, EXPECTED_NOW):
        connection.exec_driver_sql(statement)
    _copy(uow, "recon_found", sides.found.values())
    _copy(uow, "recon_expected_now", sides.awaited)
    _copy(uow, "recon_group_now", _members(sides, scene))


def _read(uow: UnitOfWork, scene: Scene, entity_id: uuid.UUID) -> _Sides:
    limits = Limits(
        similarity=scene.parameters["similarity_percent"],
        margin=scene.parameters["margin_percent"],
        window_days=scene.parameters["window_days"],
        batch_size=scene.parameters["batch_size"],
        order=tuple(scene.parameters["order"]),
        calendar=scene.calendar,
    )
    latest = scene.calendar.after(scene.through, limits.window_days)
    composition = payments.payout_composition().subquery()
    parts = uow.session.execute(
        select(composition.c.payout, composition.c.net_sum_minor).where(composition.c.entity_id == entity_id)
    )
    return _Sides(
        left=_side(uow, scene.left, latest),
        right=_side(uow, scene.right, latest),
        parts={payout: int(net) for payout, net in parts},
        through=scene.through,
        limits=limits,
        arrival_days=scene.parameters["arrival_days"],
    )


def _side(uow: UnitOfWork, source: int, latest: dt.date) -> dict[str, _Record]:
    rows = uow.session.execute(
        select(
            Entry.ext_key,
            Entry.occurrence,
            Entry.amount_minor,
            Entry.currency,
            Entry.status,
            Entry.booked_on,
            Entry.reference,
            Entry.batch_ref,
        ).where(Entry.source_id == source, Entry.booked_on <= latest)
    )
    records = (_Record(*row) for row in rows)
    return {record.name: record for record in records}


def _judge_groups(sides: _Sides, pairing: Pairing) -> None:
    """A group that reaches beyond the day waits; a pair that names each other but disagrees is a break."""
    for group in pairing.groups:
        left, right = [sides.left[n] for n in group.payouts], [sides.right[n] for n in group.lines]
        if not all(sides.looks_at(record) for record in (*left, *right)):
            for side, records in (("left", left), ("right", right)):
                early = filter(sides.looks_at, records)
                sides.awaited += [record.awaited(side, WhyExpected.BOOKED_LATER) for record in early]
        elif len(left) == len(right) == 1 and (problem := _problem(left[0], right[0], sides.limits)):
            sides.found[left[0].name] = problem
        else:
            sides.good.append(group)


def _judge_rest(sides: _Sides, pairing: Pairing) -> None:
    grouped = {name for group in pairing.groups for name in (*group.payouts, *group.lines)}
    for name, record in sides.left.items():
        if name in grouped or not sides.looks_at(record):
            continue
        if why := _why_expected(sides, record):
            sides.awaited.append(record.awaited("left", why))
        else:
            sides.found[name] = _finding(BreakClass.MISSING_RIGHT, record, None, record.minor)
    for name, record in sides.right.items():
        if name not in grouped and sides.looks_at(record):
            kind = BreakClass.DUPLICATE if name in pairing.repeats else BreakClass.MISSING_LEFT
            sides.found[name] = _finding(kind, None, record, -record.minor)


def _judge_sums(sides: _Sides) -> None:
    """A payout must be the sum of its transactions; the money stands on both sides, the two sums as values."""
    for name, net in sides.parts.items():
        record = sides.left.get(name)
        if record is None or name in sides.found or not sides.looks_at(record) or net == record.minor:
            continue
        finding = _finding(BreakClass.AMOUNT, record, None, record.minor - net, values=(str(record.minor), str(net)))
        sides.found[name] = finding._replace(right_minor=record.minor, right_currency=record.currency)


def _why_expected(sides: _Sides, record: _Record) -> WhyExpected | None:
    """A payout without a line is no break before its day of arrival and the days a bank may take after it."""
    if record.status in _UNPAID:
        return WhyExpected.NOT_PAID
    due = sides.limits.calendar.after(record.booked_on, sides.arrival_days)
    return WhyExpected.NOT_DUE if due > sides.through else None


def _problem(left: _Record, right: _Record, limits: Limits) -> _Finding | None:
    if left.currency != right.currency:
        return _finding(BreakClass.CURRENCY, left, right, left.minor)
    if left.minor != right.minor:
        return _finding(BreakClass.AMOUNT, left, right, left.minor - right.minor)
    if limits.calendar.apart(left.booked_on, right.booked_on) > limits.window_days:
        days = (left.booked_on.isoformat(), right.booked_on.isoformat())
        return _finding(BreakClass.TIMING, left, right, 0, values=days)
    return None


def _finding(
    kind: BreakClass,
    left: _Record | None,
    right: _Record | None,
    delta: int,
    *,
    values: tuple[str | None, str | None] = (None, None),
) -> _Finding:
    subject = left or right
    assert subject is not None  # noqa: S101 - a finding has at least one side
    return _Finding(
        subject_key=subject.ext_key,
        occurrence=subject.occurrence,
        break_class=kind.value,
        left_key=left and left.ext_key,
        left_minor=left and left.minor,
        left_currency=left and left.currency,
        left_value=values[0],
        right_key=right and right.ext_key,
        right_minor=right and right.minor,
        right_currency=right and right.currency,
        right_value=values[1],
        delta_minor=delta,
        currency=subject.currency,
        booked_on=min(record.booked_on for record in (left, right) if record),
    )


def _members(sides: _Sides, scene: Scene) -> Iterable[tuple[Any, ...]]:
    for group in sides.good:
        names = "|".join((group.rule, *sorted(group.payouts), "=", *sorted(group.lines)))
        fingerprint = hashlib.sha256(names.encode()).hexdigest()[:32]
        head = (fingerprint, group.rule.value, group.confidence, group.why)
        for side, source, members, records in (
            ("left", scene.left, group.payouts, sides.left),
            ("right", scene.right, group.lines, sides.right),
        ):
            for record in map(records.__getitem__, members):
                yield (
                    *head,
                    side,
                    source,
                    record.ext_key,
                    record.occurrence,
                    record.minor,
                    record.currency,
                    None,
                    None,
                )


def _copy(uow: UnitOfWork, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with uow.driver.cursor().copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    uow.session.execute(text(f"ANALYZE {table}"))
