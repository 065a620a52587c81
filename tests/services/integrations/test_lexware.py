"""Lexware Office against a server that behaves as its documentation says."""

import base64
import datetime as dt
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from services.core.errors import Invalid
from services.integrations.bookkeeping import BookkeepingRefused, BookkeepingUnavailable
from services.integrations.lexware import EVENTS, Lexware, verify_event
from tests.fakes.lexware_server import KEY, Office, serving, voucher


def client(address: str, key: str = KEY, **given) -> Lexware:
    return Lexware(SecretStr(key), api_base=address, **given)


def test_pages_come_at_the_allowed_pace():
    office = Office([voucher(n) for n in range(600)] + [voucher(900, voucherStatus="draft")])
    office.vouchers.append(voucher(901, voucherType="quotation"))
    with serving(office) as address:
        pages = list(client(address).pages(dt.date(2026, 3, 1)))
    assert [(page.number, page.total_pages, len(page.vouchers)) for page in pages] == [
        (0, 3, 250),
        (1, 3, 250),
        (2, 3, 100),
    ]
    assert office.refused == 0, "two requests a second are never exceeded"
    assert office.asked[0][1]["updatedDateFrom"] == "2026-03-01"
    first = pages[0].vouchers[0]
    assert (first.total, first.open, first.currency) == ("119.1", "19.1", "EUR"), "read digit by digit"
    assert (first.voucher_on, first.due_on) == (dt.date(2026, 3, 16), dt.date(2026, 3, 30))


def test_a_refusal_to_hurry_is_honoured():
    office, slept = Office([voucher(1)]), []
    office.hiccups = [(429, {"Retry-After": "7"}), (503, {}), (429, {})]
    with serving(office) as address:
        (page,) = client(address, sleep=slept.append, clock=lambda: sum(slept)).pages(None)
    assert len(page.vouchers) == 1
    waits = [seconds for seconds in slept if seconds > 0.6]
    assert waits == [7.0, 2.0, 4.0]


def test_what_does_not_pass_by_itself_is_said():
    with serving(Office([])) as address:
        with pytest.raises(BookkeepingRefused, match="API key"):
            list(client(address, key="wrong").pages(None))
        office = Office([])
    office.hiccups = [(429, {"Retry-After": "3600"})]
    with serving(office) as address, pytest.raises(BookkeepingUnavailable):
        list(client(address).pages(None))
    with pytest.raises(BookkeepingUnavailable):
        list(client("http://127.0.0.1:1", sleep=lambda _: None).pages(None))


def test_each_event_is_subscribed_once():
    office = Office([])
    with serving(office) as address:
        hurried = client(address, sleep=lambda _: None, clock=lambda: 0.0)
        hurried._pace = lambda: None
        office.may = lambda: True
        assert hurried.subscribe("https://kontor.example/hooks/lexware/mh-de") == len(EVENTS)
        assert hurried.subscribe("https://kontor.example/hooks/lexware/mh-de") == 0
    assert {item["eventType"] for item in office.subscriptions} == set(EVENTS)


def test_only_what_lexware_signed_is_an_event():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    body = json.dumps({"organizationId": "o", "eventType": "invoice.changed", "resourceId": "v-1"}).encode()
    signature = base64.b64encode(key.sign(body, padding.PKCS1v15(), SHA512())).decode()
    assert verify_event(body, signature, public)["resourceId"] == "v-1"
    for wrong_body, wrong in (
        (body + b" ", signature),
        (body, "x"),
        (body, None),
        (body, base64.b64encode(b"y").decode()),
    ):
        with pytest.raises(Invalid):
            verify_event(wrong_body, wrong, public)
