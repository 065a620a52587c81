"""The second list of a page is paged on its own, by the address."""

from __future__ import annotations

from sqlalchemy import text

from console import routes
from console.components import PAGE_SIZE
from console.pages.reconciliation.matches_state import MatchList
from services.bootstrap import Application
from services.core.actor import Actor
from services.identity import Role
from tests.console.events import Tab, a_tab, open_session
from tests.factories.identity import an_entity

_STATE = MatchList.get_full_name()
_DECISIONS = """
INSERT INTO recon_decision (id, entity_id, definition, kind, members, residuals, reason, made_by_name, made_at)
SELECT gen_random_uuid(), :entity, 'settlement', 'match', '[]', '{}', 'decision ' || lpad(n::text, 3, '0'), 'Ada',
       TIMESTAMPTZ '2026-03-16 08:00Z' + n * interval '1 minute'
FROM generate_series(1, :count) n
"""


async def test_what_people_decided_goes_back_to_the_first(web: Application):
    with web.database.unit_of_work(Actor.system("test")) as uow:
        uow.session.execute(text(_DECISIONS), {"entity": an_entity(uow), "count": PAGE_SIZE + 1})
    path = "/reconciliation/matches?sure=low"
    async with a_tab(open_session(web, Role.FINANCE), path=path) as tab:
        tab.route = routes.RECONCILIATION_MATCHES
        first = await _load(tab)
        assert len(first["decided"]) == PAGE_SIZE
        assert (first["decided"][0]["reason"], first["below_newer"]) == (f"decision {PAGE_SIZE + 1:03}", "")
        tab.path = first["below_older"]
        assert "sure=low" in tab.path
        last = await _load(tab)
        assert [row["reason"] for row in last["decided"]] == ["decision 001"]
        assert (last["below_older"], last["filters"]) == ("", {"sure": "low"})
        assert "below=0" in last["below_newer"]


async def _load(tab: Tab) -> dict:
    await tab.send(f"{_STATE}.load")
    wanted = ("decided", "below_newer", "below_older", "filters")
    seen = {}
    for message in tab.messages:
        seen |= {name: message[f"match_list.{name}"] for name in wanted if f"match_list.{name}" in message}
    return {"below_newer": "", "below_older": ""} | seen
