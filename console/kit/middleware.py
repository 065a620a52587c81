"""Runs before every event: counted, session and rights re-read each time, deny by default, refusals audited."""

from __future__ import annotations

import asyncio

import reflex as rx
from reflex.event import Event
from reflex.state import BaseState, StateUpdate
from reflex_base.registry import RegistrationContext

from console.design.texts import Locale
from console.kit import application, rates, session
from console.kit.authz import is_framework_event, permission_of
from console.kit.notices import Notices, slow_down
from services import audit
from services.core.log import get_logger
from services.core.permissions import Permission

_log = get_logger(__name__)


class SessionState(rx.State):
    """Which session this tab's state belongs to. The client token alone is a bearer secret, so it is not enough."""

    _session_id: str = ""
    signed_out: bool = False


class Authorisation(rx.Middleware):
    """Runs before every event, whatever its kind; an exception in it refuses the event."""

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:  # noqa: ARG002
        root = state._get_root_state()
        cookies = session.parse_cookies(root.router_data.get("headers", {}).get("cookie", ""))
        secret = session.secret_in(cookies)
        if wait := rates.wait_of_event(secret, str(root.router_data.get("ip", ""))):
            return await _too_often(root, wait)
        person = await session.principal(secret)
        if person is None:
            return await _signed_out(root)
        await _bind(root, person)
        session.PRINCIPAL.set(person)
        handler = RegistrationContext.get().event_handlers[event.name].handler.fn
        if is_framework_event(handler):
            return None
        needed = permission_of(handler)
        if needed is not None and person.actor.may(needed):
            return None
        await asyncio.to_thread(_audit_refusal, person, event.name, needed)
        return StateUpdate(events=Event.from_event_type(Notices.refuse(str(needed or ""))))


async def _signed_out(root: BaseState) -> StateUpdate:
    """Everything this tab held is dropped; the page sees the flag and leaves for the sign-in."""
    root.reset()
    root._clean()
    own = await root.get_state(SessionState)
    own.signed_out = True
    delta = await root._get_resolved_delta()
    root._clean()
    return StateUpdate(delta=delta)


async def _too_often(root: BaseState, wait: int) -> StateUpdate:
    """The event is dropped and the page says so, in the language it is in."""
    _log.warning("web.event.too_often", wait=wait)
    german = (await root.get_state(Locale)).german
    slow_down(await root.get_state(Notices), "de" if german else "en", wait)
    delta = await root._get_resolved_delta()
    root._clean()
    return StateUpdate(delta=delta)


async def _bind(root: BaseState, person: session.Principal) -> None:
    """A tab whose state belongs to another session starts from nothing."""
    own = await root.get_state(SessionState)
    current = str(person.actor.session_id)
    if own._session_id != current:
        if own._session_id:
            root.reset()
        own._session_id = current
        own.signed_out = False


def _audit_refusal(person: session.Principal, handler: str, needed: Permission | None) -> None:
    with application.current().database.unit_of_work(person.actor) as uow:
        audit.record(
            uow,
            action="identity.event.refused",
            subject_type="handler",
            subject_id=handler,
            after={"permission": str(needed) if needed else None},
            outcome="refused",
        )
