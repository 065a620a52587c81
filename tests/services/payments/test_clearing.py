"""The Stripe balance explains itself: opening, moves, closing, and what the closing consists of."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import text

from services import payments
from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.identity import Role
from tests.factories import payments as stripe
from tests.factories.identity import a_user, acting_as, an_entity

FIRST, LAST = dt.date(2026, 3, 1), dt.date(2026, 3, 31)
_ROW = """
INSERT INTO balance_transaction (entity_id, account_id, stripe_id, created_at, source_at, type, reporting_category,
    source_ref, amount_minor, fee_minor, net_minor, currency, status, booked_on, payout_ref)
VALUES (:entity, :account, :id, now(), now(), :category, :category, :source, :amount, :fee, :amount - :fee, 'EUR',
    'available', :day, :payout)
"""


class Balance:
    """Movements of one account, written straight into the mirror."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow, self.account, self.number = uow, stripe.connected_account(uow), 0

    def row(
        self, category: str, amount: int, day: dt.date, *, fee: int = 0, payout: str | None = None, source: str = ""
    ):
        self.number += 1
        values = {"entity": self.account.entity_id, "account": self.account.id, "id": f"txn_{self.number}"}
        values |= {"category": category, "amount": amount, "fee": fee, "day": day, "payout": payout}
        self.uow.session.execute(text(_ROW), values | {"source": source or f"ch_{self.number}"})

    def march(self) -> payments.ClearingView:
        found = payments.clearing_account(self.uow, entity_id=self.account.entity_id, first_day=FIRST, last_day=LAST)
        return found[0]


@pytest.fixture
def balance(uow: UnitOfWork) -> Balance:
    return Balance(uow)


def parts(view: payments.ClearingView) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in view.parts:
        found[part.part] = found.get(part.part, 0) + part.net_minor
    return found


def test_every_cent_of_the_closing_is_somewhere(balance: Balance):
    february, march, april = dt.date(2026, 2, 27), dt.date(2026, 3, 10), dt.date(2026, 4, 2)
    balance.row("charge", 10_000, february, fee=200, payout="po_1")
    balance.row("payout", -9_800, march, payout="po_1", source="po_1")
    balance.row("charge", 5_000, march, fee=100)
    balance.row("refund", -700, march)
    balance.row("dispute", -900, march, fee=1_500)
    balance.row("risk_reserved_funds", -400, march)
    balance.row("charge", 3_000, march, fee=60, payout="po_2")
    balance.row("payout", -2_940, april, payout="po_2", source="po_2")
    balance.row("payout", -1_000, march, source="po_manual")
    balance.row("payout_reversal", 250, march, source="po_failed")
    view = balance.march()
    assert (view.opening_minor, view.closing_minor) == (9_800, 3_590)
    assert sum(part.net_minor for part in view.parts) == view.closing_minor
    assert parts(view) == {"waiting": 1_400, "later": 2_940, "by_hand": -1_000, "returned": 250, "composed": 0}
    assert (view.explained, view.unexplained_minor) == (True, 0)
    assert {move.category: (move.gross_minor, move.fee_minor) for move in view.moves}["dispute"] == (-900, 1_500)


def test_a_payout_that_does_not_add_up_is_named(balance: Balance):
    day = dt.date(2026, 3, 10)
    balance.row("charge", 1_000, day, payout="po_1")
    balance.row("payout", -990, day, payout="po_1", source="po_1")
    view = balance.march()
    assert [(part.payout_ref, part.net_minor) for part in view.parts if part.part == "off"] == [("po_1", 10)]
    assert (view.explained, view.unexplained_minor) == (False, 10)


def test_many_wrong_payouts_are_counted_beyond_the_named_ones(balance: Balance):
    day = dt.date(2026, 3, 10)
    for number in range(25):
        balance.row("charge", 100, day, payout=f"po_{number}")
        balance.row("payout", -99, day, payout=f"po_{number}", source=f"po_{number}")
    off = [part for part in balance.march().parts if part.part == "off"]
    assert (len(off), sum(part.net_minor for part in off), sum(part.payout_ref is None for part in off)) == (21, 25, 1)


def test_days_in_the_wrong_order_and_other_entities_are_refused(uow: UnitOfWork, balance: Balance):
    a_user(uow, Role.FINANCE, email="ada@example.com", entities=(an_entity(uow, "mh-at", name="Other"),))
    with pytest.raises(Invalid):
        payments.clearing_account(uow, entity_id=balance.account.entity_id, first_day=LAST, last_day=FIRST)
    with pytest.raises(NotFound):
        payments.clearing_account(
            acting_as(uow, "ada@example.com"), entity_id=balance.account.entity_id, first_day=FIRST, last_day=LAST
        )
    assert payments.clearing_account(uow, entity_id=uuid.uuid4(), first_day=FIRST, last_day=LAST) == []


_ADDED_UP = """
SELECT account_id, booked_on, currency, reporting_category, coalesce(payout_ref, ''),
       CASE reporting_category WHEN 'payout' THEN coalesce(source_ref, '') ELSE '' END, count(*),
       sum(amount_minor)::int8, sum(fee_minor)::int8, sum(net_minor)::int8
FROM balance_transaction GROUP BY 1, 2, 3, 4, 5, 6
"""
_KEPT = """
SELECT account_id, booked_on, currency, reporting_category, payout_ref, paid_ref, items, amount_minor,
       fee_minor, net_minor
FROM balance_day WHERE items <> 0
"""


def test_the_days_of_the_balance_are_what_its_movements_add_up_to(balance: Balance):
    def rows(statement: str) -> set[tuple[object, ...]]:
        return {tuple(row) for row in balance.uow.session.execute(text(statement))}

    def change(statement: str) -> None:
        balance.uow.session.execute(text(statement))
        assert rows(_KEPT) == rows(_ADDED_UP)

    day = dt.date(2026, 3, 10)
    for number in range(6):
        balance.row("charge", 100 * number, day + dt.timedelta(days=number % 2), fee=number)
    balance.row("payout", -300, day, source="po_1")
    assert rows(_KEPT) == rows(_ADDED_UP)
    change("UPDATE balance_transaction SET payout_ref = 'po_1' WHERE amount_minor <= 300")
    change("UPDATE balance_transaction SET status = 'pending'")
    change("UPDATE balance_transaction SET payout_ref = 'po_2' WHERE amount_minor = 200")
    change("DELETE FROM balance_transaction WHERE amount_minor = 400")
    change("DELETE FROM balance_transaction")
