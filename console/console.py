"""The Reflex app: pages, gate, authorisation, HTTP API. Nothing is connected or started at import."""

from __future__ import annotations

from pathlib import Path

import reflex as rx

from console.design.theme import STYLESHEETS
from console.http_api.app import api
from console.http_api.metrics import Counted
from console.kit import application, backend
from console.kit.gate import Gate
from console.kit.middleware import Authorisation
from console.kit.page import Page, add_pages
from console.kit.palette import register_search
from console.kit.shell import crashed, hydrating, not_found
from console.kit.uploads import WholeUploads
from console.pages import (
    access,
    account,
    approvals,
    audit,
    backfills,
    dunning,
    imports,
    notifications,
    overview,
    payments,
    reconciliation,
    runs,
    setup,
)

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    *payments.PAGES,
    *dunning.PAGES,
    *reconciliation.PAGES,
    *imports.PAGES,
    *backfills.PAGES,
    *approvals.PAGES,
    *notifications.PAGES,
    *audit.PAGES,
    *access.PAGES,
    *account.PAGES,
    *setup.PAGES,
    *runs.PAGES,
)

SEARCHES = (payments.SEARCH, reconciliation.SEARCH, backfills.SEARCH, runs.SEARCH)

_BUILT_PAGE = Path(__file__).parents[1] / ".web" / "build" / "client" / "index.html"

app = rx.App(
    stylesheets=list(STYLESHEETS),
    reset_style=False,
    html_lang="en",
    head_components=[
        rx.script(src="/kontor.js"),
        rx.script(src="/proof.js"),
        rx.el.link(rel="icon", href="/favicon.svg", type="image/svg+xml"),
        rx.el.meta(name="viewport", content="width=device-width, initial-scale=1"),
    ],
    app_wraps={(55, "ErrorBoundary"): lambda _: crashed()},
    toaster=None,
    hydrate_fallback=hydrating,
    backend_exception_handler=backend.on_error,
    frontend_exception_handler=backend.on_frontend_error,
    api_transformer=[WholeUploads, api, lambda inner: Counted(Gate(inner, _BUILT_PAGE))],
)
app.add_middleware(Authorisation())
app.register_lifespan_task(application.lifespan)
add_pages(app, PAGES)
for search in SEARCHES:
    register_search(search)
app.add_page(not_found, route="404", title="Kontor")
