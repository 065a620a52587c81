"""Charts, totals and lists speak of the same payments."""

import datetime as dt

import pytest
from sqlalchemy.orm import Session

from services import payments
from services.core.actor import Actor, ActorKind
from services.core.clock import FrozenClock
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid, NotFound
from services.core.money import Money
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.payments import Selection, Step, StripeObject
from tests.factories import payments as make
from tests.factories.payments import stored

NOW = dt.datetime(2026, 3, 31, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def frozen(uow: UnitOfWork) -> UnitOfWork:
    uow.clock = FrozenClock(NOW)
    return uow


@pytest.fixture
def account(frozen: UnitOfWork) -> payments.AccountView:
    return make.connected_account(frozen)


def _pay(uow: UnitOfWork, account: payments.AccountView, at: dt.datetime, **charge) -> str:
    failed = charge.get("status") == "failed"
    intent = make.intent(at=at, status="requires_payment_method" if failed else "succeeded", customer="cus_1")
    stored(uow, account, StripeObject.CHARGE, make.charge(intent=intent["id"], at=at, **charge))
    stored(uow, account, StripeObject.PAYMENT_INTENT, intent)
    return intent["id"]


def _hours_ago(hours: float) -> dt.datetime:
    return NOW - dt.timedelta(hours=hours)


def _all_steps() -> list[Selection]:
    return [Selection(dt.date(2026, 3, 20), dt.date(2026, 3, 31), step) for step in Step]


def test_every_point_opens_exactly_the_rows_it_counted(frozen: UnitOfWork, account: payments.AccountView):
    for hours in (0.5, 1, 5, 13, 30, 55, 54.9, 60, 24 * 8):
        _pay(frozen, account, _hours_ago(hours))
    _pay(frozen, account, _hours_ago(6), status="failed", decline="insufficient_funds", country="AT")
    for selection in _all_steps():
        view = payments.payment_dashboard(frozen, selection=selection)
        assert sum(point.totals.count for point in view.points) == view.totals.count == 10
        for point in view.points:
            at = Selection(selection.first, selection.last, selection.step, at=point.start)
            listing = payments.payment_list(frozen, selection=at)
            assert listing.total == len(listing.items) == point.totals.count
    (failure,) = payments.payment_dashboard(frozen, selection=Selection()).failures
    assert (failure.value, failure.totals.count) == ("insufficient_funds", 1)
    narrowed = payments.payment_list(frozen, selection=Selection(failure="insufficient_funds"))
    assert [(row.country, row.status) for row in narrowed.items] == [("AT", "failed")]


def test_rates_count_what_ended_and_money_stays_in_its_currency(frozen: UnitOfWork, account: payments.AccountView):
    _pay(frozen, account, _hours_ago(1))
    _pay(frozen, account, _hours_ago(2), status="failed", decline="do_not_honor")
    yen = make.intent(at=_hours_ago(3), currency="jpy", amount=500)
    pending = make.intent(at=_hours_ago(4), status="processing")
    stored(frozen, account, StripeObject.PAYMENT_INTENT, yen, pending)
    totals = payments.payment_totals(frozen, selection=Selection())
    assert (totals.count, totals.succeeded, totals.failed) == (4, 2, 1)
    assert totals.success_rate == pytest.approx(2 / 3)
    assert set(totals.received) == {Money(1999, "EUR"), Money(500, "JPY")}


def test_a_day_of_the_clock_change_has_23_hours(frozen: UnitOfWork, account: payments.AccountView):
    day = dt.date(2026, 3, 29)
    view = payments.payment_dashboard(frozen, selection=Selection(day, day, Step.HOUR))
    assert len(view.points) == 23


def test_the_usual_is_the_same_hour_of_the_last_weeks(frozen: UnitOfWork, account: payments.AccountView):
    for week in range(1, 7):
        for _ in range(week):
            _pay(frozen, account, dt.datetime(2026, 3, 31, 8, 15, tzinfo=dt.UTC) - dt.timedelta(weeks=week))
    day = dt.date(2026, 3, 31)
    view = payments.payment_dashboard(frozen, selection=Selection(day, day, Step.HOUR))
    # 8:15 UTC was 9:15 in Berlin before the clocks changed on the 29th, and is 10:15 now.
    nine = next(point for point in view.points if point.start == dt.datetime(2026, 3, 31, 7, tzinfo=dt.UTC))
    assert nine.usual is not None
    assert nine.usual[1] == 3.5


def test_the_former_period_is_as_long_and_directly_before(frozen: UnitOfWork, account: payments.AccountView):
    _pay(frozen, account, dt.datetime(2026, 3, 30, 10, tzinfo=dt.UTC))
    _pay(frozen, account, dt.datetime(2026, 3, 27, 10, tzinfo=dt.UTC))
    _pay(frozen, account, dt.datetime(2026, 3, 28, 10, tzinfo=dt.UTC))
    selection = Selection(dt.date(2026, 3, 30), dt.date(2026, 3, 31))
    view = payments.payment_dashboard(frozen, selection=selection)
    assert (view.totals.count, view.former.count) == (1, 1)


@pytest.mark.parametrize("sort", ["created", "amount"])
@pytest.mark.parametrize("descending", [True, False])
def test_pages_go_forth_and_back_without_loss(
    frozen: UnitOfWork, account: payments.AccountView, sort: str, descending: bool
):
    for number in range(7):
        stored(
            frozen,
            account,
            StripeObject.PAYMENT_INTENT,
            make.intent(at=_hours_ago(number % 3), amount=100 * (number % 2)),
        )

    def page(**place):
        return payments.payment_list(frozen, selection=Selection(), sort=sort, descending=descending, limit=3, **place)

    first = page()
    second = page(after=first.older)
    third = page(after=second.older)
    ids = [row.id for listing in (first, second, third) for row in listing.items]
    assert len(set(ids)) == 7
    assert (first.newer, third.older, first.total) == (None, None, 7)
    assert [row.id for row in page(before=third.newer).items] == [row.id for row in second.items]
    assert [row.id for row in page(before=second.newer).items] == [row.id for row in first.items]


def test_a_payment_tells_its_whole_story(frozen: UnitOfWork, account: payments.AccountView):
    intent = make.intent(at=_hours_ago(50))
    charge = make.charge(intent=intent["id"], at=_hours_ago(50), amount_refunded=500)
    refund = make.refund(charge=charge["id"], amount=500, at=_hours_ago(20))
    movement = make.balance_transaction(source=charge["id"])
    payout = make.payout(amount=1941)
    stored(frozen, account, StripeObject.CHARGE, charge)
    stored(frozen, account, StripeObject.PAYMENT_INTENT, intent)
    stored(frozen, account, StripeObject.REFUND, refund)
    stored(frozen, account, StripeObject.PAYOUT, payout)
    stored(frozen, account, StripeObject.BALANCE_TRANSACTION, movement)
    part = payments.Snapshot(movement, NOW)
    payments.link_payout_parts(frozen, account=account, payout=payout["id"], parts=[part])
    (row,) = payments.payment_list(frozen, selection=Selection()).items
    story = payments.payment_story(frozen, payment_id=row.id)
    assert [one.stripe_id for one in story.charges] == [charge["id"]]
    assert [one.amount for one in story.refunds] == [Money(500, "EUR")]
    assert story.fees == (Money(58, "EUR"),)
    (paid_out,) = story.payouts
    assert (paid_out.stripe_id, paid_out.composed) == (payout["id"], Money(1941, "EUR"))
    told = payments.payout_story(frozen, payout_id=paid_out.id)
    assert [one.stripe_id for one in told.movements] == [movement["id"]]
    assert payments.payout_list(frozen).items[0].composed == Money(1941, "EUR")


def _as(uow: UnitOfWork, scope: EntityScope, *rights: Permission) -> UnitOfWork:
    actor = Actor(ActorKind.USER, None, "Somebody", {str(right): scope for right in rights})
    session: Session = uow.session
    return UnitOfWork(session, actor, uow.clock, "request")


def test_nothing_of_another_entity_is_shown(frozen: UnitOfWork, account: payments.AccountView):
    _pay(frozen, account, _hours_ago(1))
    other = make.connected_account(frozen, code="mh-ch")
    (row,) = payments.payment_list(frozen, selection=Selection()).items
    foreign = _as(frozen, EntityScope.of([other.entity_id]), Permission.PAYMENT_READ)
    assert payments.payment_list(foreign, selection=Selection()).total == 0
    assert payments.payment_dashboard(foreign, selection=Selection()).totals.count == 0
    with pytest.raises(NotFound):
        payments.payment_story(foreign, payment_id=row.id)
    with pytest.raises(Forbidden):
        payments.payment_list(_as(frozen, EntityScope.everything()), selection=Selection())


@pytest.mark.parametrize("query", [{"from": "yesterday"}, {"step": "minute"}, {"at": "2026-01-01"}])
def test_a_bad_address_is_refused(query: dict[str, str]):
    with pytest.raises(Invalid):
        Selection.from_address(query)


def test_days_that_run_backwards_are_refused(frozen: UnitOfWork, account: payments.AccountView):
    with pytest.raises(Invalid, match="before the last"):
        payments.payment_totals(frozen, selection=Selection(dt.date(2026, 3, 2), dt.date(2026, 3, 1)))


def test_a_payment_is_found_by_its_customers_name(frozen: UnitOfWork, account: payments.AccountView):
    _pay(frozen, account, _hours_ago(1))
    customer = {"id": "cus_1", "created": make.stamp(_hours_ago(9)), "name": "Anna 100%_Weber", "email": "a@b.example"}
    stored(frozen, account, StripeObject.CUSTOMER, customer)
    for text, found in (("weber", 1), ("100%_", 1), ("100__", 0), ("cus_1", 1), ("nobody", 0)):
        page = payments.payment_page(frozen, query={"q": text})
        assert (page.rows.total, len(page.rows.items)) == (found, found), text
