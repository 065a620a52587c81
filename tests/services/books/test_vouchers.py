"""Vouchers: each once, changes taken, an older state never over a newer one."""

import dataclasses
import datetime as dt

import pytest

from services import books
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid
from services.core.money import Money
from services.identity import Role
from services.integrations.bookkeeping import Voucher
from tests.factories.identity import a_user, acting_as, an_entity

VOUCHER = Voucher(
    external_id="v-1",
    kind="invoice",
    status="open",
    number="RE0001",
    voucher_on=dt.date(2026, 3, 16),
    due_on=dt.date(2026, 3, 30),
    updated_at=dt.datetime(2026, 3, 16, 9, tzinfo=dt.UTC),
    contact="Bike & Ride",
    total="119.1",
    open="19.1",
    currency="EUR",
    archived=False,
)


def take(uow: UnitOfWork, entity, *vouchers: Voucher):
    return books.take_vouchers(uow, entity_id=entity, provider="lexware", vouchers=vouchers)


def test_a_voucher_is_taken_once_and_follows_its_changes(uow: UnitOfWork):
    entity = an_entity(uow)
    assert take(uow, entity, VOUCHER) == (1, 0)
    (before,) = uow.session.execute(books.voucher_entries()).all()
    assert take(uow, entity, VOUCHER) == (0, 0)
    later = dataclasses.replace(VOUCHER, status="paid", open="0", updated_at=VOUCHER.updated_at + dt.timedelta(days=1))
    take(uow, entity, later)
    (entry,) = uow.session.execute(books.voucher_entries(before.changed_seq)).all()
    assert (entry.ext_key, entry.amount_minor, entry.status, entry.reference) == ("v-1", 11910, "paid", "RE0001")
    take(uow, entity, VOUCHER)
    (shown,) = books.vouchers(uow)
    assert (shown.status, shown.open) == ("paid", Money(0, "EUR")), "an older state changes nothing"


def test_purchases_and_credit_notes_count_the_other_way(uow: UnitOfWork):
    entity = an_entity(uow)
    kinds = ("invoice", "salesinvoice", "purchaseinvoice", "creditnote", "purchasecreditnote")
    take(uow, entity, *(dataclasses.replace(VOUCHER, external_id=kind, kind=kind) for kind in kinds))
    rows = uow.session.execute(books.voucher_entries()).all()
    assert {row.ext_key: row.amount_minor > 0 for row in rows} == {
        "invoice": True,
        "salesinvoice": True,
        "purchaseinvoice": False,
        "creditnote": False,
        "purchasecreditnote": True,
    }


def test_the_list_is_searched_paged_and_scoped(uow: UnitOfWork):
    entity = an_entity(uow)
    other = an_entity(uow, "mh-ch", country="CH", currency="CHF")
    vouchers = [
        dataclasses.replace(VOUCHER, external_id=f"v-{n}", number=f"RE{n}", voucher_on=dt.date(2026, 3, n))
        for n in range(1, 8)
    ]
    take(uow, entity, *vouchers)
    assert [item.number for item in books.vouchers(uow, text="re3")] == ["RE3"]
    assert books.vouchers(uow, status="paid") == []
    first = books.vouchers(uow, limit=4)
    mark = books.VoucherMark.parse(str(books.VoucherMark(first[-1].voucher_on, first[-1].id)))
    rest = books.vouchers(uow, before=mark)
    assert [item.number for item in (*first, *rest)] == [f"RE{n}" for n in range(7, 0, -1)]
    a_user(uow, Role.FINANCE, entities=[other])
    assert books.vouchers(acting_as(uow)) == []


def test_who_may_not_import_may_not_start_and_a_broken_amount_is_refused(uow: UnitOfWork):
    entity = an_entity(uow)
    with pytest.raises(Invalid):
        take(uow, entity, dataclasses.replace(VOUCHER, total="1.005"))
    a_user(uow, Role.AUDITOR)
    with pytest.raises(Forbidden):
        books.start_voucher_sync(acting_as(uow), entity_id=entity)


def test_a_sync_is_remembered_and_started_once_an_event(uow: UnitOfWork):
    entity = an_entity(uow)
    day = dt.date(2026, 3, 16)
    books.finish_voucher_sync(uow, entity_id=entity, provider="lexware", through=day, new=1, changed=0)
    (known,) = books.voucher_syncs(uow)
    assert (known.entity_id, known.synced_through) == (entity, day)
    runs = {books.start_voucher_sync(uow, entity_id=entity, unique_key="lexware:1") for _ in range(2)}
    assert len(runs) == 1
