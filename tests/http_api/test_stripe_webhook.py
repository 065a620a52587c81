"""The intake as Stripe sees it: what it accepts, what it refuses, what it keeps."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from console.http_api import stripe_webhook
from console.http_api.problems import install
from console.kit import application
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.db import Database
from services.core.settings import Settings
from services.integrations.stripe_gateway import Connection, StripeGateway
from tests.factories import payments as make

SECRETS = {"mh-de": "whsec_german", "mh-ch": "whsec_swiss"}


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    with database.unit_of_work(Actor.system("test")) as uow:
        for code in SECRETS:
            make.connected_account(uow, code=code)
    gateway = StripeGateway({code: Connection("sk_test_x", secret) for code, secret in SECRETS.items()})
    application.use(Application(Settings(data_dir=tmp_path), database, gateway))
    api = FastAPI()
    install(api)
    api.include_router(stripe_webhook.router)
    with TestClient(api, raise_server_exceptions=False) as client:
        yield client
    application.use(None)


def _event(**extra: Any) -> str:
    event = {"id": make.ref("evt"), "object": "event", "type": "charge.succeeded", "created": int(time.time())}
    return json.dumps(event | {"data": {"object": make.charge()}} | extra)


def _post(client: TestClient, body: str, code: str = "mh-de", *, path: str = "", at: float = 0) -> Any:
    stamp = int(time.time() + at)
    signature = stripe.WebhookSignature.generate_signature_header(body, SECRETS[code], timestamp=stamp)
    return client.post(f"/hooks/stripe{path}", content=body, headers={"Stripe-Signature": signature})


def _stored(database: Database) -> list[Any]:
    with database.unit_of_work(Actor.system("test")) as uow:
        query = "SELECT a.code, e.body FROM webhook_event e JOIN stripe_account a ON a.id = e.account_id ORDER BY e.id"
        return [tuple(row) for row in uow.session.execute(text(query))]


def test_the_secret_says_whose_event_it_is(client: TestClient, database: Database):
    german, swiss = _event(), _event()
    assert _post(client, german).json() == {"received": True, "new": True}
    assert _post(client, swiss, "mh-ch").status_code == 200
    assert _post(client, german).json() == {"received": True, "new": False}
    assert _stored(database) == [("mh-de", german.encode()), ("mh-ch", swiss.encode())]


def test_an_account_named_in_the_path_needs_its_own_secret(client: TestClient, database: Database):
    assert _post(client, _event(), "mh-ch", path="/mh-ch").status_code == 200
    assert _post(client, _event(), "mh-ch", path="/mh-de").status_code == 400
    assert _post(client, _event(), path="/nobody").status_code == 404
    assert len(_stored(database)) == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {}),
        (b"{}", {"Stripe-Signature": "t=1,v1=00"}),
        (b"\xff\xfe\x00", {"Stripe-Signature": "t=1,v1=00"}),
        (b"{}", {"Stripe-Signature": "t=1,v1=\xe4".encode("latin-1")}),
        (b"x" * (1 << 20) + b"x", {"Stripe-Signature": "t=1,v1=00"}),
    ],
    ids=["none", "wrong", "not utf-8", "not ascii", "too large"],
)
def test_what_is_malformed_is_refused_and_leaves_nothing(
    client: TestClient, database: Database, body: bytes, headers: dict[str, Any]
):
    answer = client.post("/hooks/stripe", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert _stored(database) == []


@pytest.mark.parametrize("at", [-310, 310])
def test_a_stamp_far_from_now_is_refused(client: TestClient, database: Database, at: int):
    assert _post(client, _event(), at=at).status_code == 400
    assert _stored(database) == []


def test_an_event_without_a_time_is_refused(client: TestClient, database: Database):
    assert _post(client, _event(created=None)).status_code == 400
    assert _post(client, _event(data=None)).status_code == 200
    assert len(_stored(database)) == 1
