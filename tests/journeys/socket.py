"""A websocket client that speaks to the console as a browser does, but says whatever it likes."""

from __future__ import annotations

import json
import uuid
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

_NAMESPACE = "/_event"


class RawSocket:
    """`with RawSocket(url, cookie=…, origin=…) as socket: socket.send(handler, **payload)`.

    Engine.IO 4 and Socket.IO 5 by hand, since a library would refuse to be as rude as an attacker.
    Raises websockets' InvalidStatus when the console does not open the door.
    """

    def __init__(self, url: str, *, cookie: str | None = None, origin: str | None = None) -> None:
        self._origin = origin
        self._headers = {"Cookie": cookie} if cookie else {}
        self._token = str(uuid.uuid4())
        address = url.replace("http", "ws", 1)
        self._address = f"{address}{_NAMESPACE}/?EIO=4&transport=websocket&token={self._token}"
        self._stack = ExitStack()
        self._socket: ClientConnection

    def __enter__(self) -> Self:
        opening = connect(self._address, additional_headers=self._headers, origin=self._origin)  # pyright: ignore[reportArgumentType]
        self._socket = self._stack.enter_context(opening)
        self._expect("0")
        self._socket.send(f"40{_NAMESPACE},{json.dumps({'token': self._token})}")
        self._expect("40")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def send(self, handler: str, /, **payload: Any) -> str:
        """Calls a handler by its name; returns the first answer that carries an event, as text."""
        event = {"token": self._token, "name": handler, "payload": payload, "router_data": {"pathname": "/"}}
        self._socket.send(f"42{_NAMESPACE},{json.dumps(['event', event])}")
        return self._expect("42")

    def _expect(self, prefix: str) -> str:
        for _ in range(20):
            message = str(self._socket.recv(timeout=10))
            if message.startswith("2"):
                self._socket.send("3")
            elif message.startswith(prefix):
                return message
        raise AssertionError(f"The console never answered with {prefix}.")
