"""Entries of both sides, made from a seed with planted faults and the list of what was planted."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import text

from services import books
from services.core.clock import FrozenClock
from services.core.db import UnitOfWork
from services.reconciliation import Definition, SourceKind, roll_month, stale_months
from services.reconciliation.ingest import Refreshed, source_of, store_incoming

DAY = dt.date(2026, 3, 16)
"""The business day the runs of the tests look up to; a Monday."""
MORNING_AFTER = dt.datetime(2026, 3, 17, 5, 0, tzinfo=dt.UTC)

_COLUMNS = (
    "ext_key, amount_minor, currency, fee_minor, status, occurred_at, booked_on, reference, batch_ref, origin, "
    "account, changed_seq"
)


@dataclass(frozen=True)
class Row:
    """One entry; `seq` and `origin` follow its place in the list unless said."""

    key: str
    minor: int
    currency: str = "EUR"
    fee: int | None = None
    status: str = "succeeded"
    day: dt.date = DAY
    at: dt.datetime | None = None
    reference: str | None = None
    batch: str | None = None
    origin: str | None = None

    @property
    def occurred_at(self) -> dt.datetime:
        return self.at or dt.datetime.combine(self.day, dt.time(11), dt.UTC)


@dataclass
class World:
    """Both sides and the truth: class → keys."""

    left: list[Row] = field(default_factory=list)
    right: list[Row] = field(default_factory=list)
    planted: dict[str, set[str]] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        return {name: len(keys) for name, keys in self.planted.items() if keys}


def at_morning(uow: UnitOfWork) -> UnitOfWork:
    """The same transaction at the morning after DAY."""
    return UnitOfWork(uow.session, uow.actor, FrozenClock(MORNING_AFTER), uow.request_id)


def load(uow: UnitOfWork, entity: uuid.UUID, kind: SourceKind, rows: Iterable[Row]) -> Refreshed:
    """Takes `rows` in as one feed's changes, as `refresh_entries` would."""
    source = source_of(uow, entity_id=entity, kind=kind)
    uow.session.execute(text("DROP TABLE IF EXISTS recon_incoming"))
    uow.session.execute(text(f"CREATE TEMP TABLE recon_incoming AS SELECT {_COLUMNS} FROM recon_entry WITH NO DATA"))
    first = source.watermark + 1
    with uow.driver.cursor().copy(f"COPY recon_incoming ({_COLUMNS}) FROM STDIN") as copy:
        for seq, row in enumerate(rows, first):
            copy.write_row(
                (
                    row.key,
                    row.minor,
                    row.currency,
                    row.fee,
                    row.status,
                    row.occurred_at,
                    row.day,
                    row.reference,
                    row.batch,
                    row.origin or f"{kind}/{row.key}/{seq}",
                    "main",
                    seq,
                )
            )
    brought = store_incoming(uow, source)
    uow.session.execute(text("DROP TABLE recon_incoming"))
    return brought


def a_settlement(seed: int, size: int = 400) -> World:
    """A merchant's books and Stripe's balance over 30 days with every class of fault planted."""
    rng = random.Random(seed)
    world = World()
    faults = ["missing_left", "missing_right", "amount", "currency", "status", "fee", "duplicate", "timing"]
    plan = dict(zip(rng.sample(range(size), 24), faults * 3, strict=True))
    for number in range(size):
        day = DAY - dt.timedelta(days=rng.randrange(8, 38))
        at = dt.datetime.combine(day, dt.time(rng.randrange(6, 20), rng.randrange(60)), dt.UTC)
        minor = rng.choice([1990, 4900, 12900, rng.randrange(100, 90_000)]) * rng.choice([1, 1, 1, 1, -1])
        currency = rng.choice(["EUR", "EUR", "EUR", "CHF", "JPY"])
        key = f"ch_{rng.randrange(16**12):012x}:charge"
        row = Row(key, minor, currency, abs(minor) // 60 + 25, "succeeded", day, at)
        _plant(world, row, plan.get(number), rng)
    rng.shuffle(world.right)
    return world


def _plant(world: World, row: Row, fault: str | None, rng: random.Random) -> None:
    if fault:
        world.planted.setdefault(fault, set()).add(row.key)
    left, right = row, replace(row, at=row.occurred_at + dt.timedelta(seconds=rng.randrange(90)))
    match fault:
        case "amount":
            left = replace(left, minor=left.minor + rng.choice([-7, 9, 500]))
        case "currency":
            left = replace(left, currency="USD")
        case "status":
            left = replace(left, status="pending")
        case "fee":
            left = replace(left, fee=(left.fee or 0) + 3)
        case "timing":
            late = left.occurred_at + dt.timedelta(days=5)
            left = replace(left, at=late, day=late.date())
        case "duplicate":
            twice = rng.choice([world.left, world.right])
            twice.append(left if twice is world.left else right)
    if fault != "missing_left":
        world.left.append(left)
    if fault != "missing_right":
        world.right.append(right)


def some_payouts(seed: int, days: int = 60) -> World:
    """Daily payouts and their bank lines: exact, mangled, bare and collective references, and planted breaks."""
    rng = random.Random(seed)
    world = World()
    kinds = ["missing_left", "missing_right", "amount"] + ["mangled"] * 3 + ["bare"] * 3 + ["collective"] * 3
    plan = dict(zip(rng.sample(range(3, days, 3), len(kinds)), kinds, strict=False))
    waiting: list[Row] = []
    for number in range(days):
        day = DAY - dt.timedelta(days=10 + days - number)
        trace = f"STRIPE-{rng.randrange(10**10):010d}"
        row = Row(f"po_{rng.randrange(16**14):014x}", rng.randrange(10_000, 900_000), status="paid", day=day)
        row = replace(row, reference=trace)
        world.left.append(row)
        kind = plan.get(number)
        if kind in {"missing_left", "missing_right", "amount"}:
            world.planted.setdefault(kind, set())
        line = replace(row, key=f"BK{day:%y%m%d}{number:04d}", status="booked", reference=f"STRIPE PAYMENTS {trace}")
        match kind:
            case "missing_right":
                world.planted["missing_right"].add(row.key)
                continue
            case "missing_left":
                orphan = replace(line, key=f"{line.key}X", minor=rng.randrange(1_000_000, 2_000_000), reference="X 1")
                world.right.append(orphan)
                world.planted["missing_left"].add(orphan.key)
            case "amount":
                world.planted["amount"].add(row.key)
                line = replace(line, minor=line.minor - 1500)
            case "mangled":
                line = replace(line, reference=f"STRIPE {trace[:9]} {trace[9:-1]}")
            case "bare":
                line = replace(line, reference="GUTSCHRIFT")
            case "collective":
                waiting = [row]
                continue
        if waiting:
            minor = line.minor + sum(part.minor for part in waiting)
            line = replace(line, minor=minor, reference="SAMMELGUTSCHRIFT", batch=f"B{number}")
            waiting = []
        world.right.append(line)
    return world


def add_up_months(uow: UnitOfWork, entity: uuid.UUID, definition: Definition) -> None:
    """Adds up what the runs asked for, as the job does after a run."""
    for first_day in stale_months(uow, entity_id=entity, definition=definition):
        roll_month(uow, entity_id=entity, definition=definition, first_day=first_day)
    for first_day in books.stale_voucher_months(uow, entity_id=entity):
        books.roll_voucher_month(uow, entity_id=entity, first_day=first_day)
