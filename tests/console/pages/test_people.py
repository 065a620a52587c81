"""What the list of people says about one of them."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest

from console.design.format import Reader
from console.pages.access.rows import user_row
from services import identity
from services.bootstrap import Application
from services.core.actor import Actor
from services.identity import Grant, Role, UserView
from tests.console.events import a_tab, open_session
from tests.factories.identity import a_user

_SHELL = "reflex___state____state.console___kit___shell_state____shell"
_STATE = "reflex___state____state.console___pages___access___access_state____access"

GERMAN, SWISS = uuid.uuid4(), uuid.uuid4()
NAMES = {GERMAN: "Musterhandel GmbH", SWISS: "Musterhandel Schweiz AG"}


def _roles(*grants: Grant) -> str:
    made = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    user = UserView(uuid.uuid4(), "ada@example.com", "Ada Kontor", True, made, None, 0, grants)
    return user_row(user, NAMES, Reader("en"))["roles"]


def test_roles_of_the_same_entities_stand_together():
    everywhere = [Grant(role, entity) for role in (Role.FINANCE, Role.DEV) for entity in (SWISS, GERMAN)]
    assert _roles(*everywhere) == "Finance, Dev: Musterhandel GmbH, Musterhandel Schweiz AG"
    assert _roles(Grant(Role.OPS, None), Grant(Role.AUDITOR, GERMAN)) == "Ops: all entities; Auditor: Musterhandel GmbH"
    assert _roles() == "no role"


async def test_a_role_that_is_held_is_not_given_twice(web: Application):
    secret = open_session(web, Role.ADMIN)
    with web.database.unit_of_work(Actor.system("test")) as uow:
        clerk = a_user(uow, Role.OPS, email="clerk@example.com")
    async with a_tab(secret, path="/access") as tab:
        await tab.send(f"{_STATE}.load")
        await tab.send(f"{_STATE}.ask", what="roles", user_id=str(clerk))
        given = await tab.send(f"{_STATE}.give", form={"role": "dev", "entity": ""})
        again = await tab.send(f"{_STATE}.give", form={"role": "dev", "entity": ""})
    assert "The role was given" in str(given)
    assert "Ada Kontor holds this role already" in str(again)


async def test_a_role_that_weighs_waits_for_somebody_else(web: Application):
    secret = open_session(web, Role.ADMIN)
    with web.database.unit_of_work(Actor.system("test")) as uow:
        clerk = a_user(uow, email="clerk@example.com")
        a_user(uow, Role.FINANCE, email="finance@example.com")
        gone = a_user(uow, Role.OPS, email="gone@example.com")
        identity.deactivate_user(uow, user_id=gone)
    async with a_tab(secret, path="/access") as tab:
        await tab.send(f"{_STATE}.load")
        await tab.send(f"{_STATE}.ask", what="roles", user_id=str(clerk))
        given = await tab.send(f"{_STATE}.give", form={"role": "ops", "entity": ""})
        back = await tab.send(f"{_STATE}.activate", user_id=str(gone), name="Gone")
        added = await tab.send(
            f"{_STATE}.add", form={"email": "New@example.com", "name": "New", "role": "finance", "entity": ""}
        )
    assert "Ada Kontor gets the role once somebody else agrees (A-" in str(given)
    assert "Gone may sign in again once somebody else agrees (A-" in str(back)
    assert "new@example.com was invited; the role waits for agreement (A-" in str(added)
    with web.database.unit_of_work(Actor.system("test")) as uow:
        people = {one.email: one for one in identity.users(uow)}
    assert (people["clerk@example.com"].grants, people["new@example.com"].grants) == ((), ())
    assert not people["gone@example.com"].active


async def test_a_page_that_is_opened_again_begins_without_a_dialog(web: Application):
    async with a_tab(open_session(web, Role.ADMIN), path="/access") as tab:
        await tab.send(f"{_STATE}.load")
        asked = await tab.send(f"{_STATE}.ask", what="add", user_id="")
        again = await tab.send(f"{_SHELL}.arrive") | await tab.send(f"{_STATE}.load")
    assert (asked["access.asking"], again["access.asking"]) == ("add", "")


async def test_a_new_password_is_set_by_the_person_alone(web: Application):
    secret = open_session(web, Role.ADMIN)
    with web.database.unit_of_work(Actor.system("test")) as uow:
        clerk = a_user(uow, Role.OPS, email="clerk@example.com")
    async with a_tab(secret, path="/access") as tab:
        await tab.send(f"{_STATE}.load")
        asked = await tab.send(f"{_STATE}.ask", what="password", user_id=str(clerk))
        done = await tab.send(f"{_STATE}.renew_password")
    assert asked["access.asking"] == "password"
    assert "on its way to clerk@example.com" in str(done)
    with web.database.unit_of_work(Actor.system("test")) as uow:
        assert [one.invited for one in identity.users(uow) if one.id == clerk] == [True]


@pytest.mark.parametrize(("role", "admin"), [(Role.ADMIN, "yes"), (Role.FINANCE, "")])
def test_nobody_is_offered_to_see_as_an_administrator(role: Role, admin: str):
    made = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    user = UserView(uuid.uuid4(), "ada@example.com", "Ada", True, made, None, 0, (Grant(role, None),))
    assert user_row(user, NAMES, Reader("en"))["admin"] == admin
