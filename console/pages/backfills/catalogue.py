"""What can be run: every definition with its owner, target, checks and runbook."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    card,
    empty_state,
    facts,
    folded,
    link,
    link_button,
    loading_or,
    mono,
    muted,
    page_header,
    plain_status,
    stack,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.backfills.catalogue_state import BackfillCatalogue as State
from console.pages.backfills.parts import may, section_tabs, when
from services.core.permissions import Permission


@page(routes.BACKFILL_CATALOGUE, title="backfills.catalogue", permission=Permission.BACKFILL_READ, on_load=State.load)
def catalogue() -> rx.Component:
    none = empty_state(t("backfills.no_definitions"), t("backfills.no_definitions_body"))
    every = rx.el.div(rx.foreach(State.rows, _definition), class_name="columns columns-half columns-stretch")
    return rx.fragment(
        page_header(t("backfills.catalogue"), meta=[t("backfills.catalogue_meta")]),
        section_tabs("catalogue"),
        loading_or(State, rx.cond(State.rows.length() > 0, every, none), lines=12),
    )


def _definition(item: Any) -> rx.Component:
    draft = link_button(t("backfills.draft_this"), href=item["draft"], small=True, icon_name="plus")
    undo = rx.cond(
        item["undoable"] != "",
        plain_status(t("backfills.can_undo"), mark="ok", tone="ok"),
        plain_status(t("backfills.cannot_undo"), mark="warn", tone="warn"),
    )
    return card(
        stack(
            rx.el.p(item["description"], class_name="secondary"),
            facts(
                (t("backfills.definition"), rx.el.span(mono(item["name"]), " v", item["version"])),
                (t("backfills.owner"), item["owner"]),
                (t("backfills.writes"), rx.el.span(mono(item["table"]), ": ", mono(item["columns"]), _where(item))),
                (t("backfills.params"), mono(item["params"])),
                (t("backfills.must_hold"), item["checks"]),
                (t("backfills.undisturbed"), _or_none(item["compared"], item["compared"])),
                (t("backfills.flag"), _or_none(item["flag"], mono(item["flag"]))),
                (t("backfills.undo"), undo),
                (t("backfills.quarantine_limit"), t("backfills.rows_at_most", count=item["limit"])),
                (t("backfills.before_this"), link(t("backfills.show_all"), href=item["list"])),
            ),
            folded(t("backfills.runbook"), rx.el.p(item["runbook"], class_name="secondary")),
            gap="s",
        ),
        title=item["title"],
        end=[when(may(Permission.BACKFILL_DRAFT), draft)],
    )


def _where(item: Any) -> Any:
    """The target of another database."""
    return when(item["database"] != "", rx.el.span(t("backfills.in_database", name=item["database"])))


def _or_none(given: Any, shown: Any) -> Any:
    return rx.cond(given != "", shown, muted(t("backfills.none_named")))


CATALOGUE = catalogue
