"""Stripe's own library against the sandbox, over real HTTP."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
import stripe

NOW = dt.datetime(2026, 11, 18, 14, 30, tzinfo=dt.UTC)
LISTS = [
    "customers", "products", "prices", "invoices", "invoice_payments", "payment_intents", "charges", "refunds",
    "disputes", "balance_transactions", "payouts", "events",
]  # fmt: skip
BUSY = ("invoices", "invoice_payments", "payment_intents", "charges", "balance_transactions")


def service(client: stripe.StripeClient, name: str) -> Any:
    return getattr(client.v1, name)


def everything(client: stripe.StripeClient, name: str, **params: Any) -> list[Any]:
    return list(service(client, name).list({"limit": 100, **params}).auto_paging_iter())


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("entity", ["mh-de", "mh-ch"])
def test_pages_hold_everything_once_newest_first(served: Any, entity: str, name: str) -> None:
    client = served.client(entity)
    recent = {"created": {"gte": int(NOW.timestamp()) - 6 * 86_400}}
    params: dict[str, Any] = recent if name in BUSY else {"type": "charge.*"} if name == "events" else {}
    objects = everything(client, name, **params)
    assert objects
    assert len({item.id for item in objects}) == len(objects)
    order = [item.created for item in objects]
    assert order == sorted(order, reverse=True)
    assert max(order) <= NOW.timestamp() + 600
    small = service(client, name).list({"limit": 1, **params})
    assert [item.id for item in small.data] == [objects[0].id]
    assert small.has_more == (len(objects) > 1)
    again = service(client, name).retrieve(objects[-1].id)
    assert again.id == objects[-1].id
    assert again.to_dict() == objects[-1].to_dict()


def test_small_pages_meet_the_same_objects_as_large_ones(served: Any) -> None:
    client = served.client()
    bounds = {"gte": int(NOW.timestamp()) - 3 * 86_400, "lte": int(NOW.timestamp())}
    large = [item.id for item in everything(client, "balance_transactions", created=bounds)]
    small = [
        item.id
        for item in client.v1.balance_transactions.list({"limit": 7, "created": bounds}).auto_paging_iter()  # type: ignore[typeddict-item]
    ]
    assert small == large
    back = client.v1.balance_transactions.list({"limit": 5, "ending_before": large[9], "created": bounds})  # type: ignore[typeddict-item]
    assert [item.id for item in back.data] == large[4:9]
    assert back.has_more


def test_created_filters(served: Any) -> None:
    client = served.client()
    charges = everything(client, "charges", created={"gte": int(NOW.timestamp()) - 5 * 86_400})
    middle = charges[len(charges) // 2].created
    counts = {
        sign: len(everything(client, "charges", created={sign: middle, "gt" if "l" in sign else "lt": edge}))
        for sign, edge in (
            ("gte", charges[0].created + 1), ("gt", charges[0].created + 1),
            ("lte", charges[-1].created - 1), ("lt", charges[-1].created - 1),
        )
    }  # fmt: skip
    at = len(everything(client, "charges", created=middle))
    assert at >= 1
    assert counts["gte"] == counts["gt"] + at
    assert counts["lte"] == counts["lt"] + at
    assert counts["gte"] + counts["lt"] == len(charges)


def test_expand_reaches_through_lists_and_objects(served: Any) -> None:
    client = served.client()
    movement = client.v1.balance_transactions.list({"limit": 1, "type": "charge", "expand": ["data.source.customer"]})
    source: Any = movement.data[0].source
    assert source.object == "charge"
    assert source.customer.email.endswith("@example.com")
    intent: Any = client.v1.payment_intents.list(
        {"limit": 1, "expand": ["data.latest_charge.balance_transaction"]}
    ).data[0]  # fmt: skip
    assert intent.latest_charge.balance_transaction.net > 0
    invoice: Any = client.v1.invoices.list({"limit": 1, "status": "paid", "expand": ["data.payments"]}).data[0]
    payment = invoice.payments.data[0]
    assert (payment.invoice, payment.status, payment.amount_paid) == (invoice.id, "paid", invoice.total)
    found = client.v1.invoice_payments.list(
        {"payment": {"type": "payment_intent", "payment_intent": payment.payment.payment_intent}}
    )
    assert [item.id for item in found.data] == [payment.id]
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        client.v1.charges.list({"limit": 1, "expand": ["data.currency_of_dreams"]})


def test_a_payout_and_its_movements(served: Any) -> None:
    client = served.client("mh-ch")
    for payout in client.v1.payouts.list({"limit": 6, "status": "paid"}).data:
        rows = everything(client, "balance_transactions", payout=payout.id)
        own = [row for row in rows if row.reporting_category == "payout"]
        assert [row.source for row in own] == [payout.id]
        assert sum(row.net for row in rows) == 0
        assert sum(row.net for row in rows if row not in own) == payout.amount
        assert {row.currency for row in rows} == {payout.currency}
        assert all(row.net == row.amount - row.fee for row in rows)


def test_what_charges_say_fits_their_movements(served: Any) -> None:
    client = served.client()
    seen = set()
    recent = {"gte": int(NOW.timestamp()) - 12 * 86_400}
    for charge in everything(client, "charges", created=recent, expand=["data.balance_transaction", "data.refunds"]):
        kind = charge.payment_method_details.type
        seen.add((kind, charge.status))
        assert charge.id.startswith("py_" if kind == "sepa_debit" else "ch_")
        assert charge.amount_refunded == sum(refund.amount for refund in charge.refunds.data)
        if charge.status == "failed":
            assert charge.failure_code
            assert charge.outcome.reason
        if charge.balance_transaction:
            assert charge.balance_transaction.amount == charge.amount
            assert charge.balance_transaction.type == ("payment" if kind == "sepa_debit" else "charge")
            assert charge.balance_transaction.source == charge.id
    assert seen >= {("card", "succeeded"), ("card", "failed"), ("sepa_debit", "succeeded"), ("sepa_debit", "pending")}
    returned = client.v1.balance_transactions.list({"type": "payment_failure_refund", "expand": ["data.source"]}).data
    assert returned
    for row in returned:
        source: Any = row.source
        assert (row.reporting_category, source.status, source.failure_balance_transaction) == (
            "charge_failure", "failed", row.id,
        )  # fmt: skip


def test_invoices_tell_where_they_stand(served: Any) -> None:
    client = served.client()
    for status in ("paid", "open", "uncollectible"):
        invoices = client.v1.invoices.list({"status": status, "limit": 20}).data
        assert invoices or status == "uncollectible"
        assert {invoice.status for invoice in invoices} <= {status}
        for invoice in invoices:
            assert invoice.amount_remaining == (0 if status == "paid" else invoice.total)
            assert invoice.parent.subscription_details.subscription.startswith("sub_")  # type: ignore[union-attr]
    active = client.v1.subscriptions.list({"status": "past_due"}).data
    assert active
    assert all(item["items"].data[0].price.recurring.interval == "month" for item in active)


def test_events_show_objects_as_they_were(served: Any) -> None:
    client = served.client()
    for event in client.v1.events.list({"types": ["charge.pending", "charge.refunded"], "limit": 40}).data:
        charge = event.data.object
        if event.type == "charge.pending":
            assert charge["status"] == "pending"
        else:
            assert charge["amount_refunded"] > 0
        assert event.api_version == "2026-10-28.endive"
    oldest = everything(client, "events", type="invoice.paid")[-1]
    assert oldest.created >= NOW.timestamp() - 30 * 86_400


def test_a_key_opens_its_own_account_only(served: Any) -> None:
    german, swiss = served.client("mh-de"), served.client("mh-ch")
    charge = german.v1.charges.list({"limit": 1}).data[0]
    with pytest.raises(stripe.InvalidRequestError) as refused:
        swiss.v1.charges.retrieve(charge.id)
    assert (refused.value.http_status, refused.value.code) == (404, "resource_missing")
    assert german.v1.accounts.retrieve_current().id != swiss.v1.accounts.retrieve_current().id
    with pytest.raises(stripe.AuthenticationError) as unknown:
        served.client(api_key="sk_test_wrong_key_of_nobody").v1.charges.list()
    assert "Invalid API Key provided: sk_test_" in str(unknown.value)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limit": 101}, "less than or equal to 100"),
        ({"limit": "many"}, "Invalid integer"),
        ({"starting_after": "ch_nothing"}, "No such charge"),
        ({"colour": "red"}, "unknown parameter: colour"),
        ({"created": {"since": 1}}, "Invalid created filter"),
        ({"customer": "cus_nobody"}, "No such customer"),
    ],
)
def test_wrong_requests_are_refused(served: Any, params: Any, message: str) -> None:
    with pytest.raises(stripe.InvalidRequestError, match=message) as refused:
        served.client().v1.charges.list(params)
    assert refused.value.http_status == 400


def test_headers_and_unknown_addresses(served: Any) -> None:
    key = served.accounts["mh-de"]["api_key"]
    answer = httpx.get(f"{served.address}/v1/nonsense", auth=(key, ""))
    assert answer.status_code == 404
    assert "Unrecognized request URL (GET: /v1/nonsense)" in answer.json()["error"]["message"]
    assert answer.headers["request-id"].startswith("req_")
    assert answer.headers["stripe-version"] == "2026-10-28.endive"
    assert httpx.get(f"{served.address}/v1/charges").status_code == 401


def test_trouble_on_request(serve: Any) -> None:
    server = serve()
    client, control = server.client(), f"{server.address}/sandbox/faults"
    httpx.post(
        control, json={"next": [{"status": 429, "count": 1}, {"status": 503, "count": 1, "path": "/v1/charges"}]}
    )
    with pytest.raises(stripe.RateLimitError) as limited:
        client.v1.charges.list()
    assert limited.value.http_status == 429
    with pytest.raises(stripe.APIError) as broken:
        client.v1.charges.list()
    assert broken.value.http_status == 503
    assert client.v1.charges.list().data
    httpx.post(control, json={"every": {"500": 2}})
    assert len(server.client(retries=2).v1.charges.list({"limit": 5}).data) == 5
    httpx.post(control, json={"requests_per_second": 0.001})
    codes = [
        httpx.get(f"{server.address}/v1/balance", auth=(client._requestor.api_key or "", "")).status_code
        for _ in range(4)
    ]
    assert codes == [200, 429, 429, 429]
    assert httpx.post(control, json={"next": [{"status": 200}]}).status_code == 422
    assert httpx.delete(control).json()["next"] == []
    assert client.v1.charges.list().data


def test_a_refund_is_made_once_per_key(serve: Any) -> None:
    client = serve().client()
    charge = next(
        item
        for item in client.v1.charges.list({"limit": 100}).data
        if item.status == "succeeded" and not item.amount_refunded and not item.disputed
    )
    params: Any = {"charge": charge.id, "amount": 500, "metadata": {"case": "12"}}
    first = client.v1.refunds.create(params, {"idempotency_key": "once"})
    second = client.v1.refunds.create(params, {"idempotency_key": "once"})
    assert first.id == second.id
    assert second.last_response.headers["idempotent-replayed"] == "true"  # type: ignore[union-attr]
    with pytest.raises(stripe.IdempotencyError):
        client.v1.refunds.create({**params, "amount": 400}, {"idempotency_key": "once"})
    after = client.v1.charges.retrieve(charge.id, {"expand": ["refunds"]})
    assert (after.amount_refunded, after.refunded) == (500, False)
    assert after.refunds is not None
    assert [item.metadata["case"] for item in after.refunds.data if item.metadata] == ["12"]
    movement = client.v1.balance_transactions.retrieve(str(first.balance_transaction))
    assert (movement.amount, movement.reporting_category, movement.source) == (-500, "refund", first.id)
    rest = client.v1.refunds.create({"payment_intent": str(charge.payment_intent)})
    assert rest.amount == charge.amount - 500
    with pytest.raises(stripe.InvalidRequestError) as spent:
        client.v1.refunds.create({"charge": charge.id})
    assert spent.value.code == "charge_already_refunded"


def test_paying_an_open_invoice(serve: Any) -> None:
    client = serve().client("mh-ch")
    opened = [item for item in client.v1.invoices.list({"status": "open", "limit": 100}).data if item.attempt_count]
    for invoice in opened[:6]:
        paid = client.v1.invoices.pay(invoice.id)
        assert (paid.status, paid.amount_remaining, paid.next_payment_attempt) == ("paid", 0, None)
        assert paid.attempt_count == invoice.attempt_count + 1
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        client.v1.invoices.pay(opened[0].id)
    newest = client.v1.events.list({"type": "invoice.paid", "limit": 6}).data
    assert {event.data.object["id"] for event in newest} == {invoice.id for invoice in opened[:6]}
    assert len(opened) >= 6
