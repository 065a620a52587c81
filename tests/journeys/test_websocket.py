"""The running server's websocket: closed to whoever has no session or comes from elsewhere."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from services import identity
from services.core.actor import Actor
from tests.factories.identity import PASSWORD

_PATH = "/_event/?EIO=4&transport=websocket&token=11111111-2222-3333-4444-555555555555"


@pytest.fixture
def cookie(console) -> str:
    with console.database.unit_of_work(Actor.system("test")) as uow:
        opened = identity.authenticate(
            uow, email=console.email("finance.a"), password=PASSWORD, address=None, user_agent=None
        )
    assert isinstance(opened, identity.SessionSecret)
    return f"kontor_session={opened.value}"


def _socket(console, **headers):
    return connect(console.url.replace("http", "ws") + _PATH, additional_headers=headers, open_timeout=10)


def test_a_session_from_our_own_page_is_let_in(console, cookie):
    with _socket(console, Cookie=cookie, Origin=console.url) as socket:
        assert str(socket.recv(timeout=10)).startswith("0{")


@pytest.mark.parametrize("origin", [None, "http://evil.example"])
def test_a_foreign_or_missing_origin_is_refused(console, cookie, origin):
    headers = {"Cookie": cookie} | ({"Origin": origin} if origin else {})
    with pytest.raises(InvalidStatus) as refused, _socket(console, **headers):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("sent", ["", "kontor_session=guessed"])
def test_no_session_is_refused(console, sent):
    with pytest.raises(InvalidStatus) as refused, _socket(console, Cookie=sent, Origin=console.url):
        pass
    assert refused.value.response.status_code == 403
