"""Where Lexware announces changes: signed events start one run each; everything else is refused."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from console.http_api import lexware_hook
from console.http_api.problems import install
from console.kit import application
from services import runs
from services.bootstrap import KINDS, Application
from services.core.actor import Actor
from services.core.db import Database
from services.core.settings import Settings
from services.integrations.stripe_gateway import StripeGateway
from tests.factories.identity import an_entity

PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
EVENT = {"organizationId": "o1", "eventType": "invoice.changed", "resourceId": "v1", "eventDate": "2026-03-16T10:00:00"}


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Iterator[TestClient]:
    for kind in KINDS:
        runs.declare(kind)
    with database.unit_of_work(Actor.system("test")) as uow:
        an_entity(uow)
    bookkeeping: Any = {"lexware": {"mh-de": {"api_key": "k"}}, "lexware_public_key": PUBLIC}
    settings = Settings(data_dir=tmp_path, bookkeeping=bookkeeping)
    application.use(Application(settings, database, StripeGateway({})))
    api = FastAPI()
    install(api)
    api.include_router(lexware_hook.router)
    with TestClient(api, raise_server_exceptions=False) as client:
        yield client
    application.use(None)


def post(
    client: TestClient, event: dict[str, Any] | bytes, *, entity: str = "mh-de", signed: bytes | None = None
) -> Any:
    body = event if isinstance(event, bytes) else json.dumps(event).encode()
    signature = base64.b64encode(PRIVATE.sign(signed or body, padding.PKCS1v15(), SHA512())).decode()
    return client.post(f"/hooks/lexware/{entity}", content=body, headers={"X-Lxo-Signature": signature})


def queued(database: Database) -> int:
    with database.unit_of_work(Actor.system("test")) as uow:
        return uow.session.scalar(text("SELECT count(*) FROM run WHERE kind = 'books.vouchers'")) or 0


def test_a_signed_event_starts_one_run_however_often_it_comes(client: TestClient, database: Database):
    answers = [post(client, EVENT) for _ in range(3)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, {"received": True})] * 3
    assert queued(database) == 1
    assert post(client, EVENT | {"resourceId": "v2"}).status_code == 200
    assert queued(database) == 2


def test_what_is_not_lexwares_is_refused_and_starts_nothing(client: TestClient, database: Database):
    assert post(client, EVENT, signed=b"something else").status_code == 400
    assert client.post("/hooks/lexware/mh-de", content=json.dumps(EVENT)).status_code == 400
    assert post(client, b"no json").status_code == 400
    assert post(client, {"eventType": "invoice.changed"}).status_code == 400
    assert post(client, b" " * (65 << 10)).status_code == 400
    assert queued(database) == 0


def test_an_entity_without_bookkeeping_has_no_address(client: TestClient, database: Database):
    assert post(client, EVENT, entity="mh-ch").status_code == 404
    assert post(client, EVENT, entity="nobody").status_code == 404
    assert queued(database) == 0
