"""What the pages of backfills share: words of states, tabs, the head of a record."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    callout,
    link,
    missing_signature,
    mono,
    page_header,
    signature,
    signatures,
    status_badge,
    tabs,
)
from console.design.texts import t
from console.kit.shell_state import Shell
from services.backfills import BackfillState, Stage
from services.core.permissions import Permission

WORDS = {state.value: t(f"backfills.state_{state.value}") for state in BackfillState}
STAGE_WORDS = {stage.value: t(f"backfills.stage_{stage.value}") for stage in Stage}


def may(permission: Permission) -> Any:
    """Whether the reader holds the right: that decides what is shown, the service what is done."""
    return Shell.rights.contains(str(permission))  # pyright: ignore[reportAttributeAccessIssue]


def when(condition: Any, content: Any) -> Any:
    """The content, or nothing at all."""
    return rx.cond(condition, content, rx.fragment())


def section_tabs(current: str) -> rx.Component:
    """The lists of this part of the console."""
    entries = (
        ("title", routes.BACKFILLS),
        ("catalogue", routes.BACKFILL_CATALOGUE),
        ("calendar", routes.BACKFILL_CALENDAR),
    )
    return tabs(
        *[(t(f"backfills.{name}"), href, name == current) for name, href in entries], label=t("backfills.sections")
    )


def record_head(state: Any, current: str, *actions: Any) -> rx.Component:
    """Title and state of one backfill, why it stands still, and its tabs, which appear with what they show."""
    item = state.item
    base = routes.BACKFILLS + "/" + item["id"]
    return rx.fragment(
        page_header(
            item["title"],
            badge=status_badge(item["state"], WORDS),
            meta=[
                rx.el.span(item["label"], class_name="num"),
                t("backfills.by", person=item["by"]),
                rx.el.span(mono(item["definition"]), " v", item["version"]),
                item["at"],
            ],
            actions=list(actions),
        ),
        rx.el.nav(
            _tab("request", base, current),
            when(item["started"] != "", _tab("run", base + "/run", current)),
            when(item["started"] != "", _tab("verification", base + "/verification", current)),
            when(item["started"] != "", _tab("way_back", base + "/way-back", current)),
            _tab("sign_off", base + "/sign-off", current),
            class_name="tabs",
            custom_attrs={"aria-label": t("backfills.tabs")},
        ),
        *([] if current == "verification" else [when(item["problem"] != "", callout(item["problem"], tone="warn"))]),
    )


def seat_lines(seats: Any) -> rx.Component:
    """The signatures that a request needs, given and missing, as `rows.seat_rows` makes them."""
    return signatures(
        rx.foreach(
            seats,
            lambda seat: rx.cond(
                seat["name"],
                signature(seat["name"], seat["caption"], seat["when"]),
                missing_signature(seat["caption"], seat["said"]),
            ),
        )
    )


def _tab(name: str, href: Any, current: str) -> rx.Component:
    here = {"aria-current": "page" if name == current else "false"}
    return link(t(f"backfills.tab_{name}"), href=href, class_name="tab", custom_attrs=here)
