"""Sending events through the whole path (state manager, middleware, handler) without a browser."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from reflex.istate.manager.memory import StateManagerMemory
from reflex_base.event import Event
from reflex_base.event.processor import BaseStateEventProcessor

from console.console import app
from console.kit import backend, session
from services import identity
from services.bootstrap import Application
from services.core.actor import Actor
from services.identity import Role
from tests.factories.identity import PASSWORD, a_user

_SYSTEM = Actor.system("test")


def open_session(web: Application, *roles: Role, email: str = "ada@example.com", entities: Any = (None,)) -> str:
    """Creates somebody with the roles, signs them in and returns the session's secret."""
    with web.database.unit_of_work(_SYSTEM) as uow:
        a_user(uow, *roles, email=email, entities=entities)
    with web.database.unit_of_work(_SYSTEM) as uow:
        secret = identity.authenticate(uow, email=email, password=PASSWORD, address=None, user_agent=None)
    assert isinstance(secret, identity.SessionSecret)
    return secret.value


@contextlib.asynccontextmanager
async def a_tab(secret: str = "", *, token: str = "tab", path: str = "/") -> AsyncIterator[Tab]:
    """A browser tab: `await tab.send("module___State.handler", **payload)` returns what came back to it."""
    processor = BaseStateEventProcessor(middleware=app, backend_exception_handler=backend.on_error)
    with app.set_contexts():
        async with processor.configure(state_manager=StateManagerMemory()):
            yield Tab(processor, token, secret, path)


class Tab:
    def __init__(self, processor: BaseStateEventProcessor, token: str, secret: str, path: str) -> None:
        self._processor, self._token, self.secret, self.path = processor, token, secret, path
        self.route = path
        self.address = "127.0.0.1"
        self.messages: list[dict[str, Any]] = []

    async def send(self, name: str, /, **payload: Any) -> dict[str, Any]:
        """Every variable that changed, as `State.variable` → value (the last one sent); `messages` has them apart."""
        cookie = f"{session.COOKIE}={self.secret}" if self.secret else ""
        router_data = {
            "pathname": self.route,
            "asPath": self.path,
            "ip": self.address,
            "headers": {"cookie": cookie, "origin": "http://localhost", "host": "localhost"},
        }
        event = Event(name=name, payload=payload, router_data=router_data)
        self.messages = [_named(delta) async for delta in self._processor.enqueue_stream_delta(self._token, event)]
        return {name: value for message in self.messages for name, value in message.items()}


def _named(delta: Any) -> dict[str, Any]:
    return {
        f"{state.rpartition('.')[2].rpartition('____')[2]}.{variable.removesuffix('_rx_state_')}": value
        for state, values in delta.items()
        for variable, value in values.items()
    }
