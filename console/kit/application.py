"""The one Application of this web process: opened when the server starts, never at import."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from console.kit import sockets
from services.bootstrap import Application, bootstrap


class _Holder:
    application: Application | None = None


def current() -> Application:
    """The wired application. Raises RuntimeError outside a running server (or a test that called `use`)."""
    if _Holder.application is None:
        raise RuntimeError("The web application is not running; call console.kit.application.use first.")
    return _Holder.application


def use(application: Application | None) -> None:
    """Sets the application of this process; tests hand in one on a database of their own."""
    _Holder.application = application


@contextlib.asynccontextmanager
async def lifespan() -> AsyncIterator[None]:
    """Bootstraps when the server starts and closes the pool when it stops; keeps one that is set already."""
    if _Holder.application is not None:
        yield
        return
    application = bootstrap("web")
    use(application)
    try:
        async with sockets.guard(application):
            yield
    finally:
        use(None)
        application.close()


def factors_by_default() -> bool:
    """Whether roles ask for a second factor where nobody decided: everywhere but on the sandbox."""
    return not current().settings.uses_sandbox
