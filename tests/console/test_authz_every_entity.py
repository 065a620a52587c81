"""Every event handler there is, called about an entity that the reader has no right to: nothing shown or changed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from console import routes
from console.kit import pages
from services.bootstrap import Application
from services.core.errors import DomainError
from services.identity import Role
from tests.console.conftest import SYSTEM
from tests.console.events import Tab, a_tab, open_session
from tests.console.foreign import MARK, Foreign, contents, lay_down
from tests.console.test_authz_every_handler import CALLABLE, OURS
from tests.factories.identity import an_entity

_FORMS = ("form", "files", "points", "data")
_WITHOUT_RECORDS = {routes.BANK_CSV, routes.LEDGER_MAPPING}
"""Pages about a record that show how its files are read, and none of its words."""
_OF_EVERY_ENTITY = {
    routes.BACKFILL,
    routes.BACKFILL_RUN,
    routes.BACKFILL_VERIFICATION,
    routes.BACKFILL_SIGN_OFF,
    routes.BACKFILL_WAY_BACK,
}
"""Pages about rows of all entities at once: whoever may read some entities sees nothing of them."""
_BUSINESS = tuple(role for role in Role if role is not Role.ADMIN)


def _routes() -> dict[str, list[str]]:
    """The pages that each state serves: those whose `on_load` is one of its handlers."""
    states = {fn: name.rpartition(".")[0] for name, fn in OURS.items()}
    found: dict[str, list[str]] = {}
    for page in pages.registered().values():
        if page.on_load is not None:
            found.setdefault(states[page.on_load.fn], []).append(page.route)
    return found


def _payloads(name: str, foreign: Foreign) -> Iterator[dict[str, object]]:
    """No argument: one call. Else one call for each foreign id, in every argument that is not a form."""
    fn = OURS[name]
    arguments = fn.__code__.co_varnames[1 : fn.__code__.co_argcount]
    ids = sorted(set(foreign.ids.values())) if any(one not in _FORMS for one in arguments) else [""]
    for one in ids:
        yield {argument: foreign.form() if argument in _FORMS else one for argument in arguments}


@pytest.fixture
def foreign(web: Application) -> Foreign:
    return lay_down(web)


async def _all_that_came_back(tab: Tab, name: str, payload: dict[str, object]) -> str:
    """What the tab was sent, or what would be shown of the error: ids in the wrong place may make any."""
    try:
        return json.dumps(await tab.send(name, **payload), default=str)
    except DomainError as refusal:
        return f"{refusal.sentence} {refusal.data}"
    except Exception as error:
        return str(error)


async def test_no_handler_shows_or_changes_anything_of_a_foreign_entity(web: Application, foreign: Foreign):
    with web.database.unit_of_work(SYSTEM) as uow:
        mine = an_entity(uow, "mine", name="Mine")
    secret = open_session(web, *_BUSINESS, entities=(mine,))
    before, served, shown = contents(web, foreign.entity_id), _routes(), []
    async with a_tab(secret) as tab:
        for name in CALLABLE:
            for route in served.get(name.rpartition(".")[0], ["/"]):
                tab.route, tab.path = route, foreign.at(route)
                for payload in _payloads(name, foreign):
                    if MARK in await _all_that_came_back(tab, name, payload):
                        shown.append(f"{name} at {route} with {payload}")
    assert shown == []
    assert contents(web, foreign.entity_id) == before


async def test_the_same_calls_show_everything_to_a_reader_of_that_entity(web: Application, foreign: Foreign):
    """The check above can fail: with the right, every page about a record shows its mark."""
    secret = open_session(web, *_BUSINESS, entities=(foreign.entity_id,))
    blind = []
    async with a_tab(secret) as tab:
        for state, served in _routes().items():
            for route in {one for one in served if "[" in one} - _WITHOUT_RECORDS - _OF_EVERY_ENTITY:
                tab.route, tab.path = route, foreign.at(route)
                if MARK not in await _all_that_came_back(tab, f"{state}.load", {}):
                    blind.append(route)
    assert blind == []
