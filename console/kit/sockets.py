"""The websockets this process holds, by session, so that an ended session takes its sockets with it."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator

from starlette.types import Message, Receive, Send

from services import identity
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.errors import Unavailable
from services.core.listening import listen

_SWEEP = 20.0  # seconds; finds what ran out by itself, and what was notified while nobody heard
_WATCH = Actor.system("web")
_ENDED = 4401

_open: dict[uuid.UUID, set[asyncio.Event]] = defaultdict(set)


@contextlib.contextmanager
def watching(session_id: uuid.UUID) -> Iterator[asyncio.Event]:
    """An event that is set when the session ends, for as long as its socket is open."""
    ended = asyncio.Event()
    _open[session_id].add(ended)
    try:
        yield ended
    finally:
        _open[session_id].discard(ended)
        if not _open[session_id]:
            del _open[session_id]


def end(session_id: uuid.UUID) -> None:
    """Closes the sockets of a session; call it on the event loop."""
    for ended in _open.get(session_id, ()):
        ended.set()


class Door:
    """Stands between the server and the application: closes from this side when the session ends."""

    def __init__(self, receive: Receive, send: Send, ended: asyncio.Event) -> None:
        self._receive, self._send = receive, send
        self._ended = asyncio.ensure_future(ended.wait())
        self._closed = False

    async def receive(self) -> Message:
        """The next message, or that the socket is gone."""
        coming = asyncio.ensure_future(self._receive())
        await asyncio.wait({coming, self._ended}, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            return coming.result()
        coming.cancel()
        if not self._closed:
            self._closed = True
            await self._send({"type": "websocket.close", "code": _ENDED, "reason": "session ended"})
        return {"type": "websocket.disconnect", "code": _ENDED}

    async def send(self, message: Message) -> None:
        """Passes a message on, unless the socket is closed from this side."""
        if not self._closed:
            await self._send(message)

    def close(self) -> None:
        self._ended.cancel()


@contextlib.asynccontextmanager
async def guard(application: Application) -> AsyncIterator[None]:
    """Hears of ended sessions for as long as the server runs."""
    loop, stop = asyncio.get_running_loop(), threading.Event()

    def heard(payload: str) -> None:
        with contextlib.suppress(ValueError, RuntimeError):
            loop.call_soon_threadsafe(end, uuid.UUID(payload))

    listener = threading.Thread(
        target=listen, args=(application.database, identity.SESSION_CHANNEL, heard, stop), daemon=True
    )
    listener.start()
    sweeper = asyncio.create_task(_sweep(application))
    try:
        yield
    finally:
        stop.set()
        sweeper.cancel()
        await asyncio.to_thread(listener.join, 2)


async def _sweep(application: Application) -> None:
    while True:
        await asyncio.sleep(_SWEEP)
        with contextlib.suppress(Unavailable):
            for session_id in await asyncio.to_thread(_ended_among, application, list(_open)):
                end(session_id)


def _ended_among(application: Application, session_ids: list[uuid.UUID]) -> set[uuid.UUID]:
    if not session_ids:
        return set()
    with application.database.unit_of_work(_WATCH) as uow:
        return identity.ended_among(uow, session_ids=session_ids)
