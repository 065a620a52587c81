"""A Starlette app on a free port of loopback, served by a thread for as long as the context lasts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

_PATIENCE = 10.0


@contextmanager
def served(
    routes: Sequence[BaseRoute], beside: AbstractAsyncContextManager[Any] | None = None
) -> Iterator[tuple[str, Any]]:
    """The app's address, and what `beside`, entered in the server's own loop, gives."""
    ready, stop, told = threading.Event(), threading.Event(), list[tuple[str, Any]]()

    async def serve() -> None:
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes), port=0, log_level="error"))
        async with beside or nullcontext() as given:
            running = asyncio.create_task(server.serve())
            while not server.started:
                await asyncio.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            told.append((f"http://127.0.0.1:{port}", given))
            ready.set()
            await asyncio.to_thread(stop.wait)
            server.should_exit = True
            await running

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(_PATIENCE)
        yield told[0]
    finally:
        stop.set()
        thread.join()
