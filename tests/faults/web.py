"""The web process killed while clients act through it over HTTP.

Two kinds of action: signed events, which the sender repeats under the same id until they are acknowledged, and
sign-ins, which are sent once. What was acknowledged must be there, and nothing may be there twice.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from services import identity, payments
from tests.faults.ground import ACTOR, Ground, ground, until

_SECRET = "whsec_of_the_faults_storm"
_EMAIL, _PASSWORD = "ada@example.com", "four words in line"
_CODE = "mh-de"
_CLIENTS = 4


class Client(threading.Thread):
    """Acts again and again, and remembers what was acknowledged."""

    def __init__(self, base: str, name: str, stopping: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.base = base
        self.stopping = stopping
        self.delivered: set[str] = set()
        self.signed_in: set[str] = set()

    def run(self) -> None:
        number = 0
        with httpx.Client(base_url=self.base, timeout=10) as http:
            while not self.stopping.is_set():
                number += 1
                self._deliver(http, f"evt_{self.name}_{number}")
                if number % 5 == 0:
                    self._sign_in(http, f"faults {self.name} {number}")
                    http.cookies.clear()

    def _deliver(self, http: httpx.Client, event_id: str) -> None:
        while True:
            try:
                if http.post("/hooks/stripe", **_signed(event_id)).status_code == 200:
                    self.delivered.add(event_id)
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.1)

    def _sign_in(self, http: httpx.Client, browser: str) -> None:
        try:
            form = {"email": _EMAIL, "password": _PASSWORD}
            answer = http.post("/auth/sign-in", data=form, headers={"user-agent": browser, "origin": self.base})
        except httpx.HTTPError:
            return
        if answer.status_code == 303:
            self.signed_in.add(browser)


def storm(folder: Path, kills: int, chance: random.Random) -> dict[str, Any]:
    """kill -9 of the web process at random points under four clients, then a start."""
    with ground(folder) as laid:
        _populate(laid)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        base, stopping = f"http://127.0.0.1:{port}", threading.Event()
        web = _start(laid, port)
        until(lambda: _answers(base), seconds=600)
        clients = [Client(base, str(number), stopping) for number in range(_CLIENTS)]
        for client in clients:
            client.start()
        for _ in range(kills):
            time.sleep(chance.uniform(0.3, 2.0))
            laid.kill(web)
            web = _start(laid, port)
            until(lambda: _answers(base), seconds=120)
        time.sleep(1)
        stopping.set()
        for client in clients:
            client.join(60)
        return {"kills": kills, **_tally(laid, clients)}


def _populate(laid: Ground) -> None:
    with laid.database.unit_of_work(ACTOR) as uow:
        entity_id = identity.create_legal_entity(
            uow, code=_CODE, name="Musterhandel", country="DE", currency="EUR", time_zone="Europe/Berlin"
        )
        payments.connect_account(uow, entity_id=entity_id, code=_CODE)
        grants = [identity.Grant(identity.Role.OPS)]
        identity.create_user(uow, email=_EMAIL, display_name="Ada", password=_PASSWORD, grants=grants)


def _start(laid: Ground, port: int) -> Any:
    accounts = {"accounts": {_CODE: {"api_key": "sk_test_faults", "webhook_secret": _SECRET}}}
    settings = {"KONTOR_PORT": str(port), "KONTOR_SANDBOX": "false", "KONTOR_STRIPE": json.dumps(accounts)}
    return laid.start("console.cli", "web", **settings)


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/healthz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def _signed(event_id: str) -> dict[str, Any]:
    stamp = int(time.time())
    event = {"id": event_id, "object": "event", "type": "charge.updated", "created": stamp, "livemode": False}
    body = json.dumps({**event, "data": {"object": {"id": f"ch_{event_id}", "object": "charge"}}})
    signature = hmac.new(_SECRET.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return {"content": body, "headers": {"stripe-signature": f"t={stamp},v1={signature}"}}


def _tally(laid: Ground, clients: list[Client]) -> dict[str, int]:
    delivered = set[str]().union(*(client.delivered for client in clients))
    signed_in = set[str]().union(*(client.signed_in for client in clients))
    with laid.database.unit_of_work(ACTOR) as uow:
        events = dict(_counts(uow, "SELECT event_id, count(*) FROM webhook_event GROUP BY 1"))
        sessions = dict(_counts(uow, "SELECT user_agent, count(*) FROM user_session GROUP BY 1"))
        (waiting,) = uow.session.execute(text("SELECT count(*) FROM run WHERE kind LIKE 'payments.%events'")).one()
    stored = events | sessions
    lost = len((delivered | signed_in) - set(stored)) + (0 if waiting else 1)
    doubled = sum(count - 1 for count in stored.values()) + max(0, waiting - 1)
    return {"acknowledged": len(delivered) + len(signed_in), "lost": lost, "doubled": doubled}


def _counts(uow: Any, statement: str) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in uow.session.execute(text(statement))]
