"""Today at a glance, for the role that looks."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import loading_or, page_header
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.overview.overview_state import Overview
from services.core.permissions import Permission


@page(routes.OVERVIEW, title="overview.title", permission=Permission.OVERVIEW_READ, on_load=Overview.load)
def overview_page() -> rx.Component:
    return loading_or(
        Overview,
        page_header(t("overview.title"), meta=[Overview.today, t("overview.zone", zone=Shell.time_zone)]),
    )


PAGE = overview_page
