"""A month from four sides: the steps of every pair add up to its difference, and each step opens its items."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace

import pytest
from sqlalchemy import text

from services import books
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid, NotFound
from services.core.inbox import FileOrigin
from services.identity import Role
from services.integrations.bookkeeping import Voucher
from services.reconciliation import (
    BreakFilter,
    Definition,
    MonthPair,
    MonthView,
    Resolution,
    SourceKind,
    list_breaks,
    month_items,
    month_lines,
    month_view,
    note_months,
    reconcile,
    resolve_break,
    roll_month,
)
from tests.factories.identity import a_user, acting_as, an_entity
from tests.factories.reconciliation import DAY, Row, a_settlement, add_up_months, at_morning, load, some_payouts

FEBRUARY = dt.date(2026, 2, 28)


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    return an_entity(uow)


def pair(view: MonthView, left: str, right: str, currency: str = "EUR") -> MonthPair:
    block = next(block for block in view.currencies if block.currency == currency)
    return next(one for one in block.pairs if (one.left, one.right) == (left, right))


def settle(uow: UnitOfWork, entity: uuid.UUID, left: list[Row], right: list[Row]) -> UnitOfWork:
    load(uow, entity, SourceKind.BOOKS, left)
    load(uow, entity, SourceKind.STRIPE, right)
    morning = at_morning(uow)
    compared(morning, entity, Definition.SETTLEMENT)
    return morning


def compared(morning: UnitOfWork, entity: uuid.UUID, definition: Definition) -> None:
    run = reconcile(morning, definition=definition, entity_id=entity)
    note_months(morning, run_id=run.id)
    add_up_months(morning, entity, definition)


def test_each_reason_is_a_step_and_the_steps_add_up(uow: UnitOfWork, entity: uuid.UUID):
    same = Row("ch_1:charge", 5_000)
    morning = settle(
        uow,
        entity,
        [same, Row("ch_2:charge", 700), Row("ch_3:charge", 900), Row("ch_4:charge", 40, day=FEBRUARY)],
        [same, Row("ch_2:charge", 650), Row("ch_4:charge", 40, day=dt.date(2026, 3, 1)), Row("ch_5:charge", 11)],
    )
    load(uow, entity, SourceKind.BOOKS, [Row("ch_6:charge", 300)])
    roll_month(morning, entity_id=entity, definition=Definition.SETTLEMENT, first_day=dt.date(2026, 3, 1))
    found = pair(month_view(morning, entity_id=entity, month="2026-03"), "books", "stripe")
    assert {step.part: (step.items, step.minor, step.still_open) for step in found.steps} == {
        "amount": (1, 50, True),
        "missing_right": (1, 900, True),
        "missing_left": (1, -11, True),
        "cut_off": (1, -40, False),
        "unseen": (1, 300, False),
    }
    assert (found.difference_minor, found.unexplained_minor, found.open_items) == (1_199, 0, 3)


def test_what_a_person_accepted_no_longer_waits_for_anybody(uow: UnitOfWork, entity: uuid.UUID):
    morning = settle(uow, entity, [Row("ch_2:charge", 700)], [Row("ch_2:charge", 650)])
    (row,) = list_breaks(morning, filter=BreakFilter()).rows
    resolve_break(
        morning, number=row.number, version=row.version, resolution=Resolution.ACCEPTED, reason="rounded by the shop"
    )
    (step,) = pair(month_view(morning, entity_id=entity, month="2026-03"), "books", "stripe").steps
    assert (step.part, step.minor, step.still_open) == ("accepted", 50, False)
    (item,) = month_items(
        morning, entity_id=entity, month="2026-03", source="settlement", part="accepted", currency="EUR"
    )
    assert (item.number, item.left_minor, item.right_minor, item.minor) == (row.number, 700, 650, 50)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_was_planted_every_pair_is_explained_to_the_cent(uow: UnitOfWork, entity: uuid.UUID, seed: int):
    world, paid = a_settlement(seed), some_payouts(seed)
    load(uow, entity, SourceKind.STRIPE_PAYOUTS, paid.left)
    load(uow, entity, SourceKind.BANK, paid.right)
    compared(at_morning(uow), entity, Definition.PAYOUTS)
    morning = settle(uow, entity, world.left, world.right)
    for month in ("2026-01", "2026-02", "2026-03"):
        view = month_view(morning, entity_id=entity, month=month)
        for block in view.currencies:
            direct = next(one for one in block.pairs if (one.left, one.right) == ("books", "stripe"))
            assert direct.unexplained_minor == 0
            for step in direct.steps:
                items = month_items(
                    morning,
                    entity_id=entity,
                    month=month,
                    source=step.source,
                    part=step.part,
                    currency=block.currency,
                )
                assert (len(items), sum(item.minor for item in items)) == (step.items, step.minor)


def test_a_pair_without_a_comparison_is_told_along_the_chain(uow: UnitOfWork, entity: uuid.UUID):
    po = Row("po_1", 4_000, status="paid", reference="STRIPE-1")
    load(uow, entity, SourceKind.STRIPE_PAYOUTS, [po, replace(po, key="po_2", minor=900, reference="STRIPE-2")])
    load(uow, entity, SourceKind.BANK, [replace(po, key="BK1", reference="STRIPE-1", status="booked")])
    compared(at_morning(uow), entity, Definition.PAYOUTS)
    morning = settle(uow, entity, [Row("ch_2:charge", 700)], [Row("ch_2:charge", 650)])
    view = month_view(morning, entity_id=entity, month="2026-03")
    books_bank = pair(view, "books", "bank")
    assert books_bank.through == ("stripe",)
    assert ("payouts", "missing_right", 900) in {(step.source, step.part, step.minor) for step in books_bank.steps}
    assert ("settlement", "amount", 50) in {(step.source, step.part, step.minor) for step in books_bank.steps}
    assert [side.name for side in view.currencies[0].sides] == ["books", "stripe", "bank"]
    assert [line[0] for line in month_lines(morning, entity_id=entity, month="2026-03")]


def a_voucher(number: str, total: str, open_: str | None = None, day: dt.date = DAY) -> Voucher:
    return Voucher(
        external_id=f"v-{number}-{day}",
        kind="salesinvoice",
        status="open" if open_ else "paid",
        number=number,
        voucher_on=day,
        due_on=None,
        contact="Ada",
        total=total,
        open=open_ or "0.00",
        currency="EUR",
        archived=False,
        updated_at=dt.datetime(2026, 3, 16, 12, tzinfo=dt.UTC),
    )


def test_vouchers_are_the_fourth_side(uow: UnitOfWork, entity: uuid.UUID):
    from tests.factories.books import ledger, line

    books.import_file(
        uow,
        entity_id=entity,
        file=ledger(
            line(1, amount="10.00", invoice="R-1"), line(2, amount="20.00", invoice=""), line(3, invoice="R-9")
        ),
        origin=FileOrigin.UPLOAD,
    )
    uow.session.execute(
        text("UPDATE ledger_entry SET booked_on = :day, entity_id = :entity"), {"day": DAY, "entity": entity}
    )
    books.take_vouchers(
        uow,
        entity_id=entity,
        provider="lexware",
        vouchers=[a_voucher("R-1", "12.00"), a_voucher("R-2", "5.00", "5.00"), a_voucher("R-3", "7.00")],
    )
    morning = settle(uow, entity, [], [])
    view = month_view(morning, entity_id=entity, month="2026-03")
    found = pair(view, "books", "vouchers")
    parts = {step.part: step.minor for step in found.steps}
    assert view.vouchers
    assert (parts["voucher_amount"], parts["not_paid"], parts["not_booked"]) == (-200, -500, -700)
    assert found.unexplained_minor == 0
    assert pair(view, "bank", "vouchers").unexplained_minor == 0
    (gap,) = month_items(
        morning, entity_id=entity, month="2026-03", source="vouchers", part="voucher_amount", currency="EUR"
    )
    assert (gap.key, gap.left_minor, gap.right_minor) == ("R-1", 1_000, 1_200)


def test_another_entity_and_another_form_are_refused(uow: UnitOfWork, entity: uuid.UUID):
    a_user(uow, Role.FINANCE, email="ada@example.com", entities=(entity,))
    reader = acting_as(at_morning(uow), "ada@example.com")
    other = an_entity(uow, "mh-ch", name="Other")
    with pytest.raises(NotFound):
        month_view(reader, entity_id=other)
    with pytest.raises((Forbidden, NotFound)):
        month_items(reader, entity_id=other, month="2026-03", source="settlement", part="amount", currency="EUR")
    for month in ("2026-13", "March", "2026"):
        with pytest.raises(Invalid):
            month_view(reader, entity_id=entity, month=month)
    with pytest.raises(Invalid):
        month_items(reader, entity_id=entity, month="2026-03", source="clearing", part="fees", currency="EUR")
