"""Figures of dunning, and that each list holds exactly the invoices its figure counts."""

import datetime as dt

import pytest

from services import dunning, payments
from services.core.clock import FrozenClock
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid
from services.dunning import Age, Figure, InvoiceFilter, Outcome
from services.identity import Role
from services.payments.vocabulary import StripeObject
from tests.factories.identity import a_user, acting_as
from tests.factories.payments import balance_transaction, charge, connected_account, dispute, intent, ref, stamp, stored

NOW = dt.datetime(2026, 3, 31, 10, tzinfo=dt.UTC)


def days_ago(days: float) -> dt.datetime:
    return NOW - dt.timedelta(days=days)


class Merchant:
    """Writes invoices with their attempts, as a sync would."""

    def __init__(self, uow: UnitOfWork, account: payments.AccountView) -> None:
        self._uow, self._account = uow, account

    def invoice(
        self,
        age: float,
        *fails: float,
        status: str = "open",
        amount: int = 1000,
        paid_at: dt.datetime | None = None,
        reason: str = "insufficient_funds",
        method: str = "card",
        under_way: bool = False,
        currency: str = "eur",
        disputed: tuple[float, str] | None = None,
    ) -> str:
        """An invoice due `age` days ago with failed attempts so many days ago; returns its Stripe id.

        `disputed` says how many days ago the debit that paid it was disputed, and how that stands.
        """
        pi = intent(
            at=days_ago(age), status="processing" if under_way else "requires_payment_method", currency=currency,
            amount=amount,
        )  # fmt: skip
        tries = [
            charge(intent=pi["id"], at=days_ago(day), status="failed", decline=reason, method=method, amount=amount)
            for day in fails
        ]
        paying = [charge(intent=pi["id"], at=days_ago(age - 1), method=method, amount=amount)] if disputed else []
        disputes = (
            [dispute(charge=paying[0]["id"], amount=amount, at=days_ago(disputed[0]), status=disputed[1])]
            if disputed
            else []
        )
        open_ = status == "open"
        invoice = {
            "id": ref("in"),
            "object": "invoice",
            "created": stamp(days_ago(age)),
            "number": None,
            "customer": None,
            "status": status,
            "currency": currency,
            "total": amount,
            "amount_due": amount,
            "amount_paid": 0 if open_ else amount,
            "amount_remaining": amount if open_ else 0,
            "attempt_count": len(fails),
            "billing_reason": "subscription_cycle",
            "collection_method": "charge_automatically",
            "due_date": None,
            "next_payment_attempt": None,
            "payments": {"data": [{"payment": {"type": "payment_intent", "payment_intent": pi["id"]}}]},
            "status_transitions": {
                "finalized_at": stamp(days_ago(age)),
                "paid_at": paid_at and stamp(paid_at),
                "voided_at": None,
                "marked_uncollectible_at": stamp(days_ago(1)) if status == "uncollectible" else None,
            },
        }
        returns = [
            balance_transaction(source=one["id"], category="charge_failure", at=days_ago(day - 3))
            for one, day in zip(tries, fails, strict=True)
            if method == "sepa_debit"
        ]
        for kind, raw in (
            (StripeObject.CHARGE, tries + paying),
            (StripeObject.DISPUTE, disputes),
            (StripeObject.INVOICE, [invoice]),
            (StripeObject.PAYMENT_INTENT, [pi]),
            (StripeObject.BALANCE_TRANSACTION, returns),
        ):
            if raw:
                stored(self._uow, self._account, kind, *raw, seen_at=NOW)
        return invoice["id"]


@pytest.fixture
def at_now(uow: UnitOfWork) -> UnitOfWork:
    uow.clock = FrozenClock(NOW)
    return uow


@pytest.fixture
def merchant(at_now: UnitOfWork) -> Merchant:
    return Merchant(at_now, connected_account(at_now))


def refs(uow: UnitOfWork, filter_: InvoiceFilter) -> list[str]:
    return [row.invoice_ref for row in dunning.invoices(uow, filter_=filter_)]


def every_figure(found: dunning.DunningOverview) -> list[Figure]:
    months = [figure for m in found.recovery for figure in (m.failed, m.recovered, m.still_open, m.lost)]
    sums = [found.unpaid, found.at_risk, found.returned, found.failed, found.recovered]
    return [*sums, *found.by_age, *found.by_attempts, *found.by_reason, *found.returns, *months]


def test_unpaid_invoices_by_age_attempts_and_reason(at_now: UnitOfWork, merchant: Merchant):
    fresh = merchant.invoice(0.1)
    young = merchant.invoice(5, 5, amount=2000)
    old = merchant.invoice(40, 40, 36, 33, 29, 25, reason="card_velocity_exceeded", amount=4000)
    under_way = merchant.invoice(10, 10, under_way=True, method="sepa_debit")
    merchant.invoice(50, status="paid", paid_at=days_ago(49))
    found = dunning.overview(at_now)
    assert (found.unpaid.count, found.unpaid.amount_minor) == (4, 8000)
    assert (found.at_risk.count, found.at_risk.amount_minor) == (2, 6000), "one is under way, one never failed"
    assert {f.key: f.count for f in found.by_age if f.count} == {"0-7": 2, "8-14": 1, "31-60": 1}
    assert [(f.key, f.count) for f in found.by_attempts] == [("0", 1), ("1", 2), ("2", 0), ("3", 0), ("4", 1)]
    assert {f.key: f.count for f in found.by_reason} == {"insufficient_funds": 2, "card_velocity_exceeded": 1}
    assert refs(at_now, found.unpaid.filter) == [old, under_way, young, fresh], "longest due first"
    assert refs(at_now, found.at_risk.filter) == [old, young]
    assert refs(at_now, InvoiceFilter(age=Age.TWO_MONTHS, attempts=4)) == [old]
    assert refs(at_now, InvoiceFilter(age=Age.TWO_MONTHS, attempts=1)) == []


def test_recovery_by_month_of_the_first_failure(at_now: UnitOfWork, merchant: Merchant):
    merchant.invoice(40, 40, status="paid", paid_at=days_ago(36))
    merchant.invoice(41, 41, 38, status="paid", paid_at=days_ago(35))
    merchant.invoice(42, 42, status="uncollectible")
    merchant.invoice(43, 43)
    merchant.invoice(9, 9, status="paid", paid_at=days_ago(8))
    found = dunning.overview(at_now)
    february, march = found.recovery[-2:]
    assert (february.month, march.month, len(found.recovery)) == ("2026-02", "2026-03", dunning.RECOVERY_MONTHS)
    assert [f.count for f in (february.failed, february.recovered, february.still_open, february.lost)] == [4, 2, 1, 1]
    assert (february.rate, february.median_days) == (50.0, 5.0)
    assert (march.rate, march.median_days) == (100.0, 1.0)
    assert (found.recovery[0].rate, found.recovery[0].median_days) == (None, None)
    lost = InvoiceFilter(payments.InvoicePopulation.FAILED, month="2026-02", outcome=Outcome.LOST)
    (row,) = dunning.invoices(at_now, filter_=lost)
    assert (row.status, row.owed_minor) == ("uncollectible", 1000)


def test_a_month_begins_when_it_does_in_the_legal_entity(at_now: UnitOfWork, merchant: Merchant):
    """Half past ten in the evening of 31 March by UTC is 1 April in Berlin."""
    at_now.clock = FrozenClock(NOW.replace(hour=22, minute=30))
    merchant.invoice(-0.51, -0.51)
    found = dunning.overview(at_now)
    assert (found.recovery[-1].month, found.recovery[-1].failed.count) == ("2026-04", 1)
    assert len(refs(at_now, found.failed.filter)) == found.failed.count == 1


def test_sepa_returns_of_the_last_90_days_count_the_invoice_under_its_last_reason(
    at_now: UnitOfWork, merchant: Merchant
):
    returned = merchant.invoice(20, 20, 10, method="sepa_debit", reason="account_closed")
    paid_since = merchant.invoice(30, 30, method="sepa_debit", status="paid", paid_at=days_ago(3))
    merchant.invoice(120, 120, method="sepa_debit")
    merchant.invoice(15, 15)
    found = dunning.overview(at_now)
    assert {f.key: f.count for f in found.returns} == {"account_closed": 1, "insufficient_funds": 1}
    listed = [ref_ for figure in found.returns for ref_ in refs(at_now, figure.filter)]
    assert sorted(listed) == sorted([returned, paid_since])


def test_a_debit_that_had_succeeded_comes_back_as_a_dispute(at_now: UnitOfWork, merchant: Merchant):
    disputed = merchant.invoice(40, status="paid", paid_at=days_ago(34), disputed=(20, "lost"), method="sepa_debit")
    first_failed = merchant.invoice(
        50, 49, status="paid", paid_at=days_ago(40), disputed=(10, "needs_response"), method="sepa_debit"
    )
    merchant.invoice(40, status="paid", paid_at=days_ago(34), disputed=(20, "won"), method="sepa_debit")
    merchant.invoice(40, status="paid", paid_at=days_ago(34), disputed=(20, "lost"), method="card")
    merchant.invoice(400, status="paid", paid_at=days_ago(390), disputed=(120, "lost"), method="sepa_debit")
    (figure,) = dunning.overview(at_now).returns
    assert (figure.key, figure.count) == ("debit_not_authorized", 2), "the last return says why"
    rows = {row.invoice_ref: row for row in dunning.invoices(at_now, filter_=figure.filter)}
    assert rows.keys() == {disputed, first_failed}
    assert {ref_: row.failed_attempts for ref_, row in rows.items()} == {disputed: 0, first_failed: 1}


def test_every_list_holds_exactly_what_its_figure_counts(at_now: UnitOfWork, merchant: Merchant):
    statuses = ["open", "open", "paid", "uncollectible", "void"]
    for number in range(40):
        status = statuses[number % 5]
        merchant.invoice(
            number * 2.3,
            *[number * 2.3 - 0.7 * n for n in range(number % 6)],
            status=status,
            paid_at=days_ago(number) if status == "paid" else None,
            amount=100 * (number + 1),
            method="sepa_debit" if number % 3 else "card",
            reason=["insufficient_funds", "expired_card", "do_not_honor"][number % 3],
            currency="chf" if number % 7 == 0 else "eur",
        )
    for currency in ("EUR", "CHF"):
        found = dunning.overview(at_now, currency=currency)
        assert found.currencies == ("CHF", "EUR")
        for figure in every_figure(found):
            assert InvoiceFilter.from_address(figure.filter.address()) == figure.filter
            rows = dunning.invoices(at_now, filter_=figure.filter, limit=100)
            assert (len(rows), sum(row.owed_minor for row in rows)) == (figure.count, figure.amount_minor), figure
            expected = [(currency, figure.count, figure.amount_minor)] if figure.count else []
            assert dunning.totals(at_now, filter_=figure.filter) == expected
        assert sum(f.count for f in found.by_age) == sum(f.count for f in found.by_attempts) == found.unpaid.count


def test_pages_of_a_list_follow_each_other(at_now: UnitOfWork, merchant: Merchant):
    made = {merchant.invoice(5) for _ in range(7)}
    seen: list[str] = []
    cursor = None
    while page := dunning.invoices(at_now, filter_=InvoiceFilter(), after=cursor, limit=3):
        seen += [row.invoice_ref for row in page]
        cursor = page[-1].cursor
    assert (len(seen), set(seen)) == (7, made)
    with pytest.raises(Invalid):
        dunning.invoices(at_now, filter_=InvoiceFilter(), after="nonsense")


def test_nothing_is_an_answer_too(at_now: UnitOfWork):
    found = dunning.overview(at_now)
    assert found.unpaid.count == found.at_risk.count == 0
    assert found.currency == "EUR"


def test_a_reader_sees_her_entities_only(at_now: UnitOfWork, merchant: Merchant):
    merchant.invoice(5, 5)
    swiss = connected_account(at_now, code="mh-ch", currency="CHF", time_zone="Europe/Zurich")
    a_user(at_now, Role.FINANCE, entities=[swiss.entity_id])
    at_now.clock = FrozenClock(dt.datetime.now(dt.UTC))
    reader = acting_as(at_now)
    reader.clock = FrozenClock(NOW)
    assert dunning.overview(reader).unpaid.count == 0
    assert dunning.invoices(reader, filter_=InvoiceFilter()) == []


def test_the_right_is_needed(at_now: UnitOfWork):
    from services.core.actor import Actor, ActorKind

    nobody = UnitOfWork(at_now.session, Actor(ActorKind.ANONYMOUS, None, "x"), at_now.clock, "r")
    with pytest.raises(Forbidden):
        dunning.overview(nobody)


def test_an_address_that_names_no_filter_is_refused():
    assert InvoiceFilter.from_address({"age": "", "after": "x"}) == InvoiceFilter()
    for query in ({"age": "old"}, {"attempts": "many"}, {"population": "all"}, {"outcome": "won"}):
        with pytest.raises(Invalid):
            InvoiceFilter.from_address(query)
