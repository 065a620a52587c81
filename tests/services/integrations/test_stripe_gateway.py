import time
from collections.abc import Iterator

import pytest
import stripe

from services.core.errors import NotFound, Unavailable
from services.integrations.stripe_gateway import AccountClient, BadSignature, Connection, StripeGateway, StripeRefused
from tests.factories import payments as make
from tests.fakes.stripe_server import KEY, FakeStripe, error

SECRET = "whsec_0123456789abcdef"


@pytest.fixture
def server() -> Iterator[FakeStripe]:
    with FakeStripe() as server:
        yield server


@pytest.fixture
def client(server: FakeStripe) -> AccountClient:
    return AccountClient("mh-de", Connection(KEY, SECRET, api_base=server.url))


def test_pages_are_plain_and_chained(server: FakeStripe, client: AccountClient):
    server.add("charge", *(make.charge() for _ in range(5)))
    first = client.page("charge", limit=3)
    second = client.page("charge", limit=3, after=first.rows[-1]["id"])
    assert (first.has_more, second.has_more) == (True, False)
    assert {row["id"] for row in first.rows + second.rows} == {row["id"] for row in server.objects["charge"]}
    assert isinstance(first.rows[0], dict)


def test_a_busy_stripe_is_waited_for_as_long_as_it_says(server: FakeStripe, client: AccountClient):
    server.fault = lambda path, number: error(429, "rate_limit_error", Retry_After="0.3") if number == 1 else None
    began = time.monotonic()
    assert client.page("charge").rows == []
    assert 0.3 <= time.monotonic() - began < 3
    assert len(server.requests) == 2


def test_a_failing_stripe_is_asked_again(server: FakeStripe, client: AccountClient):
    server.fault = lambda path, number: error(500, "api_error") if number <= 2 else None
    assert client.page("charge").rows == []
    assert len(server.requests) == 3


def test_a_wrong_key_is_said_and_not_tried_again(server: FakeStripe):
    client = AccountClient("mh-de", Connection("sk_test_other", api_base=server.url))
    with pytest.raises(StripeRefused, match="does not accept the key of “mh-de”"):
        client.page("charge")
    assert len(server.requests) == 1


def test_a_missing_right_is_named(server: FakeStripe, client: AccountClient):
    server.fault = lambda path, number: error(403, "invalid_request_error") if "disputes" in path else None
    with pytest.raises(StripeRefused, match="read right “Disputes”"):
        client.page("dispute")
    access = client.check_access()
    assert (access.missing, access.account_id, access.live) == (("Disputes",), "acct_fake", False)


def test_nobody_there_is_unavailable():
    client = AccountClient("mh-de", Connection(KEY, api_base="http://127.0.0.1:9"))
    client.patience = 1.0
    with pytest.raises(Unavailable):
        client.page("charge")


def test_an_object_that_is_not_there_is_none(client: AccountClient):
    assert client.retrieve("charge", "ch_missing") is None


def test_an_account_without_a_key_is_not_found():
    with pytest.raises(NotFound, match="No Stripe key"):
        StripeGateway({}).account("mh-de")


def _signed(body: str, *, at: float = 0.0, secret: str = SECRET) -> str:
    return stripe.WebhookSignature.generate_signature_header(body, secret, timestamp=int(time.time() + at))


EVENT = '{"id": "evt_1", "object": "event", "type": "charge.succeeded", "created": 1, "data": {"object": {}}}'


def test_a_signed_event_is_read(client: AccountClient):
    assert client.verified_event(EVENT.encode(), _signed(EVENT))["id"] == "evt_1"


WRONG = {
    "none": lambda: (EVENT.encode(), None),
    "empty": lambda: (EVENT.encode(), ""),
    "no signature": lambda: (EVENT.encode(), "t=1"),
    "no number": lambda: (EVENT.encode(), "t=x,v1=abc"),
    "not ascii": lambda: (EVENT.encode(), "t=1,v1=ä"),
    "foreign secret": lambda: (EVENT.encode(), _signed(EVENT, secret="whsec_foreign")),
    "old": lambda: (EVENT.encode(), _signed(EVENT, at=-302)),
    "from the future": lambda: (EVENT.encode(), _signed(EVENT, at=+305)),
    "another body": lambda: (EVENT.encode() + b" ", _signed(EVENT)),
    "not utf-8": lambda: (b"\xff\xfe", "t=1,v1=abc"),
    "a list": lambda: (b"[]", _signed("[]")),
    "no event": lambda: (b"{}", _signed("{}")),
    "no json": lambda: (b"no json", _signed("no json")),
}


@pytest.mark.parametrize("case", WRONG)
def test_whatever_is_wrong_with_a_webhook_is_a_bad_signature(client: AccountClient, case: str):
    body, signature = WRONG[case]()
    with pytest.raises(BadSignature):
        client.verified_event(body, signature)
