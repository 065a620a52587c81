"""The editor of roles: what narrows a right is read, kept, told and shown again."""

from __future__ import annotations

from typing import Any

import pytest

from console.design.format import Reader
from console.kit import application
from console.pages.access import limits
from console.pages.access.roles_state import Roles
from services import identity
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.errors import Invalid
from services.core.permissions import Permission
from services.identity import Role, RoleView
from tests.console.events import a_tab, open_session
from tests.factories.identity import a_user, an_entity

_STATE = "reflex___state____state.console___pages___access___roles_state____roles"
_WORK = str(Permission.BREAK_WORK)
_FORM = {"code": "clerk", "name": "Clerk", f"right:{_WORK}": "on", "only": "own_team", "limit": "500.00"}


async def test_a_limit_is_kept_shown_in_the_matrix_and_edited(web: Application):
    with web.database.unit_of_work(Actor.system("test")) as uow:
        an_entity(uow)
    async with a_tab(open_session(web, Role.ADMIN)) as tab:
        await tab.send(f"{_STATE}.ask", code="")
        saved = await tab.send(f"{_STATE}.save", form=_FORM | {"currency": "EUR"})
        asked = await tab.send(f"{_STATE}.ask", code="clerk")
    line = next(line for line in saved["roles.matrix"] if line["right"] == _WORK)
    assert line["held"][5] == "own team, up to €500.00"
    assert asked["roles.narrowed"] == {"only": "own_team", "limit": "500.00", "currency": "EUR"}
    with web.database.unit_of_work(Actor.system("test")) as uow:
        role = next(one for one in identity.roles(uow) if one.code == "clerk")
    assert role.conditions == {_WORK: {"only": "own_team", "up_to": 50_000, "currency": "EUR"}}


@pytest.mark.parametrize(
    "form", [{"limit": "much", "currency": "EUR"}, {"limit": "5"}, {"limit": "1.005", "currency": "EUR"}]
)
def test_what_is_no_amount_is_refused(form: dict[str, Any]):
    with pytest.raises(Invalid):
        limits.condition_of(form, "en")


def test_a_german_reads_and_writes_amounts_with_a_comma():
    condition = limits.condition_of({"limit": "1.500,50", "currency": "EUR"}, "de")
    assert condition == {"up_to": 150_050, "currency": "EUR"}
    assert limits.fields_of(condition, "de")["limit"] == "1500,50"
    assert limits.told(condition, Reader("de", "UTC")).startswith("bis 1.500,50")
    assert limits.condition_of({"only": "", "limit": " "}, "de") == {}


async def test_a_held_role_comes_to_sign_when_somebody_agrees(web: Application):
    with web.database.unit_of_work(Actor.system("test")) as uow:
        identity.create_role(uow, code="clerk", name="Clerk", permissions=[Permission.BREAK_WORK])
        identity.grant_role(uow, user_id=a_user(uow, email="clerk@example.com"), role="clerk")
        a_user(uow, Role.FINANCE, email="finance@example.com")
    async with a_tab(open_session(web, Role.ADMIN)) as tab:
        await tab.send(f"{_STATE}.ask", code="clerk")
        form = {"name": "Clerk", f"right:{_WORK}": "on", f"right:{Permission.RECONCILIATION_SIGN}": "on"}
        asked = await tab.send(f"{_STATE}.save", form=form)
        await tab.send(f"{_STATE}.ask", code="clerk")
        saved = await tab.send(f"{_STATE}.save", form={"name": "Clerks", f"right:{_WORK}": "on"})
    assert "The role stays as it is until somebody else agrees (A-" in str(asked)
    assert "The role was saved" in str(saved)


@pytest.mark.parametrize(("asked", "told"), [(True, "required"), (False, "not required")])
def test_the_default_of_second_factors_is_that_of_the_installation(
    monkeypatch: pytest.MonkeyPatch, asked: bool, told: str
):
    monkeypatch.setattr(application, "factors_by_default", lambda: asked)
    admin = RoleView("admin", "Admin", True, frozenset(), {}, None, True, 1, 1)
    assert Roles._row(admin, Reader("en"))["by_default"] == told
