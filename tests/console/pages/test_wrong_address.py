"""An address that names no record: every record page says "not found" and leads back to the list."""

from __future__ import annotations

import re

import pytest

from console.console import app  # noqa: F401 - first, as the console itself is loaded
from console.kit import backend
from console.kit.pages import list_of, registered
from services.identity import Role
from tests.console.events import a_tab, open_session

_RECORDS = sorted(route for route in registered() if "[" in route)


@pytest.mark.parametrize("route", _RECORDS)
async def test_a_mistyped_id_is_not_found_and_leads_back_to_the_list(web, monkeypatch: pytest.MonkeyPatch, route: str):
    shown: list[tuple[str, str, str]] = []
    failed = backend._failed

    def watched(state, title: str, body: str, *, lost: bool = False) -> backend.ShownOnPage:
        raised = failed(state, title, body, lost=lost)
        shown.append((state.failure, state.failure_body, state.way_out))
        return raised

    monkeypatch.setattr(backend, "_failed", watched)
    listing = list_of(route)
    assert listing is not None
    async with a_tab(open_session(web, *Role), path=re.sub(r"\[\w+\]", "abc", route)) as tab:
        tab.route = route
        with pytest.raises(backend.ShownOnPage):
            await tab.send(_name(registered()[route].on_load))
    ((title, body, way_out),) = shown
    assert (title, way_out) == ("Not found", listing.route)
    assert "cannot be used" not in body


@pytest.mark.parametrize(
    ("record", "listing"),
    [
        ("/runs/[run_id]", "/runs"),
        ("/reconciliation/matches/[match_id]", "/reconciliation/matches"),
        ("/backfills/[backfill_id]/sign-off", "/backfills"),
        ("/imports/accounts/[account_id]", "/imports"),
    ],
)
def test_the_list_of_a_record_is_the_nearest_above_it(record: str, listing: str):
    assert list_of(record) is registered()[listing]


def _name(handler) -> str:
    return f"{handler.state_full_name}.{handler.fn.__name__}"
