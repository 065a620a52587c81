"""No record stands under the address of another while that one is loaded."""

from __future__ import annotations

from typing import Any

from console import routes
from console.pages.runs.run_detail_state import RunRecord
from services import audit, runs
from services.bootstrap import AUDIT_VERIFY, Application
from services.core.actor import Actor
from services.identity import Role
from tests.console.events import Tab, a_tab, open_session

_STATE = RunRecord.get_full_name()


async def test_a_skeleton_is_sent_before_another_record_and_not_before_the_same(web: Application):
    first, second = _a_run(web), _a_run(web)
    async with a_tab(open_session(web, Role.OPS), path=f"/runs/{first}") as tab:
        tab.route = routes.RUN
        assert (await _told(tab))[-1]
        assert False not in await _told(tab)
        tab.path = f"/runs/{second}"
        assert await _told(tab) == [False, True]


async def _told(tab: Tab) -> list[Any]:
    """What the page heard, in turn, of whether its record is there."""
    await tab.send(f"{_STATE}.load")
    return [value for message in tab.messages for name, value in message.items() if name == "run_record.loaded"]


def _a_run(web: Application) -> str:
    with web.database.unit_of_work(Actor.system("test")) as uow:
        return str(runs.enqueue(uow, kind=AUDIT_VERIFY, params=audit.VerifyParams()))
