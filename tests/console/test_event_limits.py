"""How many events a page may send: beyond it nothing runs, and the page says for how long."""

from __future__ import annotations

import pytest

from console.kit import rates
from services.identity import Role
from tests.console.events import Tab, a_tab, open_session

_SHOW = "reflex___state____state.console___kit___notices____notices.show"


async def _taken(tab: Tab) -> bool:
    """Whether an event was carried out; where it was not, the page has to say so and for how long."""
    changed = await tab.send(_SHOW, tone="ok", title="done", body="")
    if changed.get("session_state.signed_out") is True:
        return True
    shown = changed["notices.items"][-1]
    if shown["title"] == "done":
        return True
    assert shown["title"] == "Too many requests"
    assert "Nothing was done; go on in " in shown["body"]
    return False


async def test_beyond_the_limit_of_a_session_the_page_says_how_long_to_wait(web, monkeypatch):
    first, second = open_session(web, Role.DEV), open_session(web, Role.DEV, email="bob@example.com")
    async with a_tab(first) as tab:
        assert await _taken(tab), "a fresh tab is filled by events of its own"
        monkeypatch.setattr(rates, "EVENTS_OF_SESSION", "5/minute")
        assert [await _taken(tab) for _ in range(7)] == [True] * 5 + [False] * 2
    async with a_tab(second, token="another") as tab:
        monkeypatch.setattr(rates, "EVENTS_OF_SESSION", "1200/minute")
        assert await _taken(tab)
        monkeypatch.setattr(rates, "EVENTS_OF_SESSION", "5/minute")
        assert await _taken(tab), "what the other session used up is its own"


async def test_a_network_address_has_a_limit_over_all_its_sessions(web, monkeypatch):
    monkeypatch.setattr(rates, "EVENTS_OF_ADDRESS", "40/minute")
    first, second = open_session(web, Role.DEV), open_session(web, Role.DEV, email="bob@example.com")
    async with a_tab(first) as tab:
        assert await _taken(tab)
        while await _taken(tab):
            pass
        tab.secret = second
        assert not await _taken(tab)
        tab.address = "203.0.113.8"
        assert await _taken(tab)


@pytest.mark.parametrize("secret", ["", "guessed"])
async def test_whoever_has_no_session_is_counted_too(web, monkeypatch, secret):
    monkeypatch.setattr(rates, "EVENTS_OF_ADDRESS", "2/minute")
    async with a_tab(secret) as tab:
        assert [await _taken(tab) for _ in range(3)] == [True, True, False]
