"""A revoked session at a real web process: its next request is refused, and its socket is closed within a second."""

from __future__ import annotations

import contextlib
import time
import uuid

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from services import identity
from services.core.actor import Actor
from tests.factories.identity import PASSWORD

_SYSTEM = Actor.system("test")
_TRIES = 8
_LIMIT = 1.0


def _signed_in(console) -> tuple[str, uuid.UUID]:
    with console.database.unit_of_work(_SYSTEM) as uow:
        found = identity.authenticate(
            uow, email=console.email("auditor"), password=PASSWORD, address=None, user_agent=None
        )
        assert isinstance(found, identity.SessionSecret)
        person = identity.actor_for_session(uow, secret=found.value)
        assert person
        assert person.actor.session_id
        return found.value, person.actor.session_id


def _seconds_until_closed(console, secret: str, end) -> float:
    address = console.url.replace("http", "ws") + f"/_event/?EIO=4&transport=websocket&token={uuid.uuid4()}"
    headers = {"Cookie": f"kontor_session={secret}", "Origin": console.url}
    with connect(address, additional_headers=headers, open_timeout=10) as socket:
        assert str(socket.recv(timeout=10)).startswith("0")
        end()
        begun = time.monotonic()
        with contextlib.suppress(ConnectionClosed):
            for _ in socket:
                pass
        assert socket.close_code == 4401
        return time.monotonic() - begun


def test_a_revoked_session_dies_within_a_second_its_socket_too(console):
    taken: list[float] = []
    for _ in range(_TRIES):
        secret, session_id = _signed_in(console)
        cookies = {"kontor_session": secret}
        assert httpx.get(f"{console.url}/auth/alive", cookies=cookies).status_code == 204

        def end(session_id: uuid.UUID = session_id) -> None:
            with console.database.unit_of_work(_SYSTEM) as uow:
                identity.end_session(uow, session_id=session_id)

        taken.append(_seconds_until_closed(console, secret, end))
        assert httpx.get(f"{console.url}/auth/alive", cookies=cookies).status_code == 401
        assert httpx.get(f"{console.url}/export/audit.csv", cookies=cookies).status_code == 401
    assert max(taken) < _LIMIT, taken


def test_a_deactivated_persons_sockets_die_too(console):
    with console.database.unit_of_work(_SYSTEM) as uow:
        user_id = identity.user_by_email(uow, email=console.email("auditor")).id
    secret, _ = _signed_in(console)

    def deactivate() -> None:
        with console.database.unit_of_work(_SYSTEM) as uow:
            identity.deactivate_user(uow, user_id=user_id)

    try:
        assert _seconds_until_closed(console, secret, deactivate) < _LIMIT
    finally:
        with console.database.unit_of_work(_SYSTEM) as uow:
            identity.reactivate_user(uow, user_id=user_id)
