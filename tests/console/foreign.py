"""A legal entity the reader has no right to, with a record of every kind, and how to see whether any was touched."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from services import backfills, bank, books, payments, reconciliation, runs
from services.bootstrap import KINDS, Application
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.inbox import FileOrigin
from services.payments.vocabulary import StripeObject
from services.reconciliation import BreakFilter, Definition, SourceKind
from tests.factories import approvals
from tests.factories import books as book_files
from tests.factories import payments as stripe
from tests.factories.bank import MONDAY, Row, Statement, camt, on_disk
from tests.factories.reconciliation import Row as Entry
from tests.factories.reconciliation import at_morning, load

MARK = "zzforeign"
"""Stands in every text of the foreign records, and in nothing a test sends."""
_SYSTEM = Actor.system("test")
_CONTENTS = (
    "SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, "
    "table_name) WHERE c.table_schema = 'public' AND c.column_name = 'entity_id' AND t.table_type = 'BASE TABLE' "
    "ORDER BY 1"
)


@dataclass(frozen=True)
class Foreign:
    """The ids a handler could be called with, by the name an address or an argument gives them."""

    entity_id: uuid.UUID
    ids: dict[str, str]

    def at(self, route: str) -> str:
        """The address of a page of this route about a foreign record. Raises KeyError for an unknown parameter."""
        for name in _parameters(route):
            route = route.replace(f"[{name}]", self.ids[name])
        return route

    def form(self) -> dict[str, str]:
        """A form with every field a handler may read."""
        words = {"reason": "long enough to be taken", "text": "a word", "body": "a word", "pattern": "x"}
        numbers = {"version": "1", "resolution": "accepted", "definition": "settlement", "entity": str(self.entity_id)}
        return self.ids | words | numbers


def _parameters(route: str) -> list[str]:
    return [part[1:-1] for part in route.split("/") if part.startswith("[")]


def lay_down(web: Application) -> Foreign:
    """Fills the foreign entity and commits."""
    for kind in KINDS:
        runs.declare(kind)
    with web.database.unit_of_work(_SYSTEM) as uow:
        account = stripe.connected_account(uow, code=MARK)
        approvals.declare_kinds()
        ids = {"request_id": str(approvals.asked(uow, entity_id=account.entity_id, content={"what": MARK}).id)}
        ids |= _payment(uow, account) | _files(uow, account.entity_id) | _reconciled(uow, account.entity_id)
        ids["backfill_id"] = str(backfills.draft(uow, definition="payments.net_minor"))
        ids["run_id"] = str(
            runs.enqueue(
                uow,
                kind=reconciliation.RUN,
                params=reconciliation.ReconcileParams(definition=Definition.SETTLEMENT, entity_id=account.entity_id),
            )
        )
    return Foreign(account.entity_id, ids | {"entity_id": str(account.entity_id)})


def _payment(uow: UnitOfWork, account: payments.AccountView) -> dict[str, str]:
    customer = {
        "id": f"cus_{MARK}", "object": "customer", "created": stripe.stamp(stripe.START), "name": MARK,
        "email": f"{MARK}@example.com", "address": None, "delinquent": False, "deleted": False,
    }  # fmt: skip
    intent = stripe.intent(customer=customer["id"], description=MARK)
    payout = stripe.payout(amount=1999, statement_descriptor=MARK)
    for kind, raw in (
        (StripeObject.CUSTOMER, customer),
        (StripeObject.PAYMENT_INTENT, intent),
        (StripeObject.PAYOUT, payout),
    ):
        stripe.stored(uow, account, kind, raw)
    found = {
        name: uow.driver.execute(f"SELECT id FROM {name} WHERE entity_id = %s", [account.entity_id]).fetchone()[0]
        for name in ("payment", "payout", "customer")
    }
    return {f"{name}_id": str(found[name]) for name in found}


def _files(uow: UnitOfWork, entity_id: uuid.UUID) -> dict[str, str]:
    statement = Statement(1, MONDAY, "0.00", None, [Row("10.00", MARK, remittance=MARK)])
    kept = bank.import_file(
        uow, entity_id=entity_id, file=on_disk(camt(statement), f"{MARK}.xml"), origin=FileOrigin.UPLOAD
    )
    books.import_file(
        uow,
        entity_id=entity_id,
        file=book_files.ledger(book_files.line(1, customer=MARK), name=f"{MARK}.csv"),
        origin=FileOrigin.UPLOAD,
    )
    account = next(one for one in bank.accounts(uow) if one.entity_id == entity_id)
    source = next(one for one in books.sources(uow) if one.entity_id == entity_id)
    (found,) = bank.statements(uow, account_id=account.id)
    ids = {"file_id": kept.id, "account_id": account.id, "source_id": source.id, "statement_id": found.id}
    return {name: str(identifier) for name, identifier in ids.items()}


def _reconciled(uow: UnitOfWork, entity_id: uuid.UUID) -> dict[str, str]:
    load(uow, entity_id, SourceKind.BOOKS, [Entry(f"{MARK}:charge", 500)])
    run = reconciliation.reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity_id)
    (found,) = reconciliation.list_breaks(uow, filter=BreakFilter(entity_id=entity_id)).rows
    ids = {"reconciliation_id": str(run.id), "break_id": found.name, "number": str(found.number)}
    return ids | {"match_id": str(_match(uow, entity_id, run.seq))}


def _match(uow: UnitOfWork, entity_id: uuid.UUID, seq: int) -> int:
    """A match by a rule, of one entry that no run has seen."""
    match_id = uow.driver.execute(
        "INSERT INTO recon_match (entity_id, definition, fingerprint, rule, confidence_percent, why, first_seq) "
        "VALUES (%s, 'settlement', %s, 'S-90', 99, %s, %s) RETURNING id",
        [entity_id, MARK, f"a batch of {MARK}", seq],
    ).fetchone()[0]
    uow.driver.execute(
        "INSERT INTO recon_match_member (match_id, side, source_id, ext_key, occurrence, amount_minor, currency) "
        "SELECT %s, 'left', id, %s, 0, 100, 'EUR' FROM recon_source WHERE entity_id = %s AND kind = 'books'",
        [match_id, f"{MARK}-batch:charge", entity_id],
    )
    return match_id


def contents(web: Application, entity_id: uuid.UUID) -> dict[str, tuple[int, str]]:
    """Rows and their checksum in every table that has a legal entity, for this one."""
    with web.database.unit_of_work(_SYSTEM) as uow:
        tables = [name for (name,) in uow.driver.execute(_CONTENTS).fetchall()]
        return {
            table: uow.driver.execute(
                f"SELECT count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t "
                "WHERE entity_id = %s",
                [entity_id],
            ).fetchone()
            for table in tables
        }
