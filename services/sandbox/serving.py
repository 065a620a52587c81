"""The sandbox as a process: Stripe's API on a port, and a loop that lets time pass."""

from __future__ import annotations

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
import uvicorn
from pydantic import ValidationError
from starlette.applications import Starlette

from services.core.errors import Invalid
from services.sandbox.api.app import StripeServer, build_app
from services.sandbox.api.faults import FaultSettings
from services.sandbox.endpoints import set_console
from services.sandbox.locks import alone
from services.sandbox.postbox import PostBox, catching_mail
from services.sandbox.witness import Witness
from services.sandbox.world import (
    DEFAULT_PORT,
    clock,
    connection,
    grow,
    is_seeded,
    open_realms,
    seed,
    set_address,
    set_post,
)

log = structlog.get_logger("sandbox")
_TICK_SECONDS = 2.0
FAULTS_VARIABLE = "KONTOR_SANDBOX_FAULTS"


def serve(
    data_dir: Path,
    *,
    port: int = DEFAULT_PORT,
    host: str = "127.0.0.1",
    webhook_url: str | None = None,
    faults: str | None = None,
) -> None:
    """Serves until told to stop. An empty data folder is seeded with the defaults first.

    `webhook_url` is the console's intake, e.g. `http://127.0.0.1:8400/hooks/stripe`. `faults` is JSON as for
    `POST /sandbox/faults`. Raises Invalid when it cannot be read, SandboxInUse when another server runs here.
    """
    settings = _faults(faults or os.environ.get(FAULTS_VARIABLE))
    if not is_seeded(data_dir):
        seed(data_dir)
    with alone(data_dir):
        app = application(data_dir, api_base=f"http://{host}:{port}", webhook_url=webhook_url, faults=settings)
        uvicorn.run(app, host=host, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=2)


def application(
    data_dir: Path, *, api_base: str, webhook_url: str | None = None, faults: FaultSettings | None = None
) -> Starlette:
    """The ASGI application over a seeded data folder. Raises NotSeeded."""
    set_address(data_dir, api_base)
    accounts = connection(data_dir)["accounts"]
    time = clock(data_dir)
    now = int(time.now().timestamp())
    views = {}
    for realm in open_realms(data_dir):
        known = accounts[realm.entity.code]
        set_console(realm.store, webhook_url, known["webhook_secret"], now)
        views[known["api_key"]] = realm.view(now)

    @asynccontextmanager
    async def passing_time(_: Starlette) -> AsyncIterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=_let_time_pass, args=(data_dir, stop), name="sandbox-time", daemon=True)
        thread.start()
        async with catching_mail(data_dir) as port:
            set_post(data_dir, mail_port=port)
            yield
        stop.set()
        thread.join(timeout=1.5)

    return build_app(
        StripeServer(views, time, faults),
        [*PostBox(data_dir).routes(), *Witness(data_dir).routes()],
        lifespan=passing_time,
    )


def _let_time_pass(data_dir: Path, stop: threading.Event) -> None:
    """Every two seconds: days ahead, files that are due, events that have come. A failure never ends it."""
    realms, time = open_realms(data_dir), clock(data_dir)
    while not stop.is_set():
        try:
            grown = grow(data_dir, realms, int(time.now().timestamp()))
            if grown.days or grown.files:
                log.info("sandbox.time.passed", days=grown.days, files=grown.files, webhooks=grown.webhooks)
        except Exception:
            log.exception("sandbox.time.failed")
        stop.wait(_TICK_SECONDS)
    for realm in realms:
        realm.store.close()


def _faults(text: str | None) -> FaultSettings:
    try:
        return FaultSettings.model_validate_json(text) if text else FaultSettings()
    except ValidationError as error:
        raise Invalid(f"The faults cannot be read: {error}") from error
