"""The page of API keys: a secret is shown once."""

from __future__ import annotations

from services.bootstrap import Application
from services.core.permissions import Permission
from services.identity import Role
from tests.console.events import a_tab, open_session

_STATE = "reflex___state____state.console___pages___access___keys_state____keys"
_SCOPE = str(Permission.AUDIT_READ)


async def test_a_page_that_is_loaded_again_shows_no_secret(web: Application):
    async with a_tab(open_session(web, Role.ADMIN)) as tab:
        await tab.send(f"{_STATE}.ask")
        made = await tab.send(f"{_STATE}.create", form={"name": "ERP", "days": "90", f"scope:{_SCOPE}": "on"})
        again = await tab.send(f"{_STATE}.load")
    assert made["keys.issued"].startswith("kontor_")
    assert (again["keys.issued"], again["keys.asking"]) == ("", "")
