"""The websocket from outside: no session, a foreign origin, no origin."""

from __future__ import annotations

import pytest
from websockets.exceptions import InvalidStatus

from tests.journeys.socket import RawSocket


def test_a_socket_without_a_session_is_closed(console):
    with pytest.raises(InvalidStatus) as refused, RawSocket(console.url, origin=console.url):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
def test_a_socket_of_another_origin_is_closed_even_with_a_session(console, page_as, origin):
    cookies = page_as("finance.a").context.cookies()
    cookie = "; ".join(f"{c['name']}={c['value']}" for c in cookies)
    with pytest.raises(InvalidStatus) as refused, RawSocket(console.url, cookie=cookie, origin=origin):
        pass
    assert refused.value.response.status_code == 403
