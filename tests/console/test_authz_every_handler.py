"""Every event handler there is, enumerated from the registry: refused without a session, and above the role."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext

import rxconfig  # noqa: F401
from console.console import app
from console.kit.authz import is_framework_event, permission_of
from services.core.actor import Actor
from services.core.errors import NotFound
from services.core.permissions import Permission
from services.identity import PERMISSIONS, Role
from tests.console.events import a_tab, open_session
from tests.factories.identity import an_entity

_SYSTEM = Actor.system("test")


def _handlers() -> dict[str, Any]:
    with app.set_contexts():
        registered = RegistrationContext.get().event_handlers
        return {name: item.handler.fn for name, item in registered.items()}


HANDLERS = _handlers()
OURS = {name: fn for name, fn in HANDLERS.items() if not is_framework_event(fn)}
CALLABLE = {name: permission_of(fn) for name, fn in OURS.items() if permission_of(fn) is not None}
UNTAGGED = sorted(name for name in OURS if name not in CALLABLE)


def _payload(name: str) -> dict[str, object]:
    """An id that exists nowhere for every argument: a refused handler must not even look at it."""
    fn = OURS[name]
    arguments = fn.__code__.co_varnames[1 : fn.__code__.co_argcount]
    return {argument: str(uuid.uuid4()) for argument in arguments}


def _refusals(web) -> int:
    with web.database.unit_of_work(_SYSTEM) as uow:
        found = uow.driver.execute("SELECT count(*) FROM audit_entry WHERE action = 'identity.event.refused'")
        return found.fetchone()[0]


def _trail(web) -> int:
    """Audit rows besides refusals: whatever a handler did would have left one."""
    with web.database.unit_of_work(_SYSTEM) as uow:
        found = uow.driver.execute(
            "SELECT count(*) FROM audit_entry WHERE action NOT IN ('identity.event.refused', 'identity.session.opened')"
        )
        return found.fetchone()[0]


def test_every_handler_of_ours_declares_a_right():
    ours = [name for name, fn in OURS.items() if fn.__module__.startswith("console.")]
    assert ours
    assert [name for name in ours if name in UNTAGGED] == []


async def test_without_a_session_every_handler_is_refused(web):
    async with a_tab() as tab:
        for name in [*CALLABLE, *UNTAGGED]:
            changed = await tab.send(name, **_payload(name))
            assert changed.pop("session_state.signed_out") is True, name
            assert not any(value for key, value in changed.items() if key.startswith(("shell.", "palette."))), name


async def test_an_ended_session_is_refused(web):
    secret = open_session(web, Role.ADMIN)
    with web.database.unit_of_work(_SYSTEM) as uow:
        uow.driver.execute("UPDATE user_session SET revoked_at = now()")
    async with a_tab(secret) as tab:
        changed = await tab.send(next(iter(CALLABLE)))
    assert changed["session_state.signed_out"] is True


@pytest.mark.parametrize("role", list(Role))
async def test_every_handler_above_the_role_is_refused_and_audited(web, role):
    above = [name for name, right in CALLABLE.items() if right not in PERMISSIONS[role]]
    secret = open_session(web, role)
    before, trail = _refusals(web), _trail(web)
    async with a_tab(secret) as tab:
        for name in above:
            changed = await tab.send(name, **_payload(name))
            assert changed["notices.items"][-1]["title"] == "Not allowed", name
    assert _refusals(web) - before == len(above)
    assert _trail(web) == trail


async def test_handlers_nobody_declared_are_refused(web):
    """Reflex's own setters and storage updates among them: they would let a client write any variable."""
    secret = open_session(web, *Role)
    async with a_tab(secret) as tab:
        for name in UNTAGGED:
            changed = await tab.send(name, **_payload(name))
            assert changed["notices.items"][-1]["title"] == "Not allowed", name


async def test_an_entity_outside_ones_rights_cannot_be_chosen(web):
    with web.database.unit_of_work(_SYSTEM) as uow:
        mine, other = an_entity(uow), an_entity(uow, "mh-ch", name="Other")
    secret = open_session(web, Role.FINANCE, entities=(mine,))
    toggle = next(name for name in CALLABLE if name.endswith(".toggle_entity"))
    async with a_tab(secret) as tab:
        await tab.send(toggle.replace("toggle_entity", "arrive"))
        with pytest.raises(NotFound):
            await tab.send(toggle, entity_id=str(other))
    with web.database.unit_of_work(_SYSTEM) as uow:
        chosen = uow.driver.execute("SELECT chosen_entities FROM user_session").fetchone()[0]
    assert chosen is None


async def test_a_tab_of_somebody_else_gives_nothing_away(web):
    """The client token is chosen by the client: whoever presents a known one starts from nothing."""
    first = open_session(web, Role.ADMIN)
    second = open_session(web, Role.DEV, email="bob@example.com")
    arrive = next(name for name in CALLABLE if name.endswith("shell.arrive"))
    async with a_tab(first) as tab:
        assert (await tab.send(arrive))["shell.email"] == "ada@example.com"
        tab.secret = second
        changed = await tab.send(arrive)
    assert changed["shell.email"] == "bob@example.com"
    assert str(Permission.USER_MANAGE) not in changed["shell.rights"]
