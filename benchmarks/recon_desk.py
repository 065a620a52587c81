"""What the pages beside the runs read: the Stripe balance behind the entries, four months of bank and books."""

from __future__ import annotations

import datetime as dt
import tempfile
import uuid
from pathlib import Path

from benchmarks.recon_world import ACTOR, NOON, World, execute
from services import bank, books, payments
from services.core.inbox import FileOrigin, IncomingFile

_DAYS = 120
_LINES = 20  # of a statement, and of a ledger's file
# A fifth of the movements, which no page reads one by one; the last two days wait for their payout.
_MOVED = """
INSERT INTO balance_transaction (entity_id, account_id, stripe_id, created_at, source_at, type, reporting_category,
    source_ref, amount_minor, fee_minor, net_minor, currency, status, booked_on, payout_ref)
SELECT :entity, :account, 'txn_' || n, at, at, 'charge', 'charge', key, amount, amount / 60 + 25,
       amount - amount / 60 - 25, code, 'available', at::date,
       CASE WHEN at::date < DATE '2026-03-04' THEN 'po_' || code || '_' || at::date END
FROM bench_event WHERE n % 5 = 0
"""
_PAID = """
INSERT INTO balance_transaction (entity_id, account_id, stripe_id, created_at, source_at, type, reporting_category,
    source_ref, amount_minor, fee_minor, net_minor, currency, status, booked_on, payout_ref)
SELECT :entity, :account, 'txn_' || payout_ref, max(created_at) + interval '2 days', now(), 'payout', 'payout',
       payout_ref, -sum(net_minor), 0, -sum(net_minor), currency, 'available', max(booked_on) + 2, payout_ref
FROM balance_transaction WHERE payout_ref IS NOT NULL GROUP BY payout_ref, currency
"""
_MT940 = """:20:{day:%y%m%d}
:25:DE89370400440532013000
:28C:{number}/1
:60F:C{before:%y%m%d}EUR{opening}
{lines}
:62F:C{day:%y%m%d}EUR{closing}
-
"""
_LINE = """:61:{day:%y%m%d}{day:%m%d}C1,00NTRFNONREF//{day:%y%m%d}{number:03d}
:86:166?00CREDIT?20EREF+{day:%y%m%d}{number:03d}?32Ada Kontor"""


def furnish(world: World) -> None:
    """Fills balance, bank and books of the world's legal entity through the doors they have."""
    with world.database.unit_of_work(ACTOR) as uow:
        account = payments.connect_account(uow, entity_id=world.entity, code="bench")
        for statement in (_MOVED, _PAID):
            execute(uow, statement, entity=world.entity, account=account)
    with tempfile.TemporaryDirectory(prefix="kontor-bench-") as folder:
        for number in range(1, _DAYS + 1):
            day = NOON.date() - dt.timedelta(days=_DAYS + 1 - number)
            with world.database.unit_of_work(ACTOR) as uow:
                statement = _on_disk(folder, f"{day}.sta", _statement(day, number))
                bank.import_file(uow, entity_id=world.entity, file=statement, origin=FileOrigin.FOLDER)
                ledger = _on_disk(folder, f"ledger-{day}.csv", _ledger(day))
                books.import_file(uow, entity_id=world.entity, file=ledger, origin=FileOrigin.FOLDER)


def places(world: World) -> tuple[uuid.UUID, uuid.UUID]:
    """The ids of the bank account and of the ledger."""
    with world.database.unit_of_work(ACTOR) as uow:
        return bank.accounts(uow)[0].id, books.sources(uow)[0].id


def _on_disk(folder: str, name: str, content: str) -> IncomingFile:
    path = Path(folder) / name
    path.write_text(content)
    return IncomingFile.at(path)


def _statement(day: dt.date, number: int) -> str:
    lines = "\n".join(_LINE.format(day=day, number=line) for line in range(_LINES))
    opening, closing = ((number - 1 + step) * _LINES for step in (0, 1))
    before = day - dt.timedelta(days=1)
    return _MT940.format(
        day=day, before=before, number=number, lines=lines, opening=f"{opening},00", closing=f"{closing},00"
    )


def _ledger(day: dt.date) -> str:
    head = "entry_id,posted_at,reference,type,customer,invoice,amount,fee,currency,status,payout"
    rows = [f"{day}-{n},{day}T10:00:00+01:00,ch_{day}_{n},charge,,,1.00,0.10,EUR,succeeded," for n in range(_LINES)]
    return "\n".join([head, *rows, ""])
