"""Who did what to which record: the list, its filters, and one entry beside it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    card,
    chip_filter,
    clear_filter,
    data_table,
    date_filter,
    diff,
    empty_state,
    export_links,
    facts,
    filter_bar,
    icon_button,
    link,
    loading_or,
    mono,
    muted,
    page_header,
    pager,
    person,
    row,
    search_filter,
    select_filter,
    shape,
    status,
)
from console.design.texts import t
from console.kit.page import page
from console.pages.audit.audit_log_state import AuditLog
from services.core.permissions import Permission

_OUTCOMES = {"done": t("audit.outcome_done"), "refused": t("audit.outcome_refused")}
_LOOKS = {"done": ("ok", "ok"), "refused": ("block", "bad")}
_AREAS = ("identity", "reconciliation", "payments", "bank", "books", "runs", "console")
_ACTORS = ("user", "system", "anonymous")


@page(routes.AUDIT, title="audit.title", permission=Permission.AUDIT_READ, on_load=AuditLog.load)
def audit_log() -> rx.Component:
    body = rx.el.div(
        page_header(t("audit.title"), meta=[t("audit.meta"), t("audit.meta_append")]),
        card(
            filter_bar(
                search_filter(AuditLog, placeholder=t("audit.search")),
                select_filter(
                    AuditLog, "action", [(area, t(f"audit.area_{area}")) for area in _AREAS], label=t("audit.any_area")
                ),
                select_filter(
                    AuditLog, "by", [(kind, t(f"audit.by_{kind}")) for kind in _ACTORS], label=t("audit.any_actor")
                ),
                select_filter(AuditLog, "entity", AuditLog.entities, label=t("audit.any_entity")),
                chip_filter(AuditLog, "outcome", list(_OUTCOMES.items())),
                date_filter(AuditLog, "from", label=t("audit.from")),
                date_filter(AuditLog, "to", label=t("audit.to")),
                clear_filter(AuditLog),
            ),
            loading_or(AuditLog, rx.cond(AuditLog.rows.length() > 0, _table(), _none()), lines=12),
            flush=True,
            title=t("audit.title"),
            end=[export_links(AuditLog, "audit")],
        ),
        class_name=rx.cond(_is_open(), "page-body", "stack"),
    )
    return rx.el.div(body, rx.cond(_is_open(), _entry()), class_name=rx.cond(_is_open(), "with-drawer", ""))


def _is_open() -> rx.Var[bool]:
    return AuditLog.entry.length() > 0


def _table() -> rx.Component:
    columns = [
        Column(t("audit.time"), lambda item: rx.el.span(item["time"], class_name="num"), card="side"),
        Column(t("audit.who"), lambda item: person(item["who"], item["initials"], item["team"]), card="meta"),
        Column(t("audit.action"), _action, card="title"),
        Column(
            t("audit.subject"),
            lambda item: rx.el.span(item["subject"], title=item["subject_full"]),
            priority=3,
            card="full",
        ),
    ]
    return rx.fragment(data_table(columns, AuditLog.rows, label=t("audit.title")), pager(AuditLog))


def _action(item: Any) -> rx.Component:
    """Refusals carry their mark; what was done needs none."""
    name = rx.el.button(
        item["action"], type="button", class_name="link-button mono", on_click=AuditLog.open_entry(item["id"])
    )
    refused = shape("block", "bad", label=_OUTCOMES["refused"])
    return rx.el.span(rx.cond(item["outcome"] == "refused", refused, rx.fragment()), " ", name)


def _none() -> rx.Component:
    return empty_state(t("audit.none"), t("audit.none_body"))


def _entry() -> rx.Component:
    entry = AuditLog.entry
    return rx.el.aside(
        rx.el.div(
            rx.el.div(
                rx.el.h2(mono(entry["action"]), id="entry-title"),
                rx.el.p(entry["when"], class_name="muted"),
                style={"flex": "1", "minWidth": "0"},
            ),
            icon_button("x", label=t("audit.close"), on_click=AuditLog.close_entry),
            class_name="drawer-head",
        ),
        rx.el.div(
            facts(
                (t("audit.who"), person(entry["who"], entry["initials"], entry["team"])),
                (t("audit.on_behalf_of"), entry["on_behalf_of"]),
                (t("audit.subject"), entry["subject_full"]),
                (t("audit.entity"), entry["entity"]),
                (t("audit.outcome"), status(entry["outcome"], _OUTCOMES, extra=_LOOKS)),
                (t("audit.reason"), entry["reason"]),
                (t("audit.session"), mono(entry["session"])),
                (t("audit.address"), mono(entry["address"])),
                (t("audit.request"), mono(entry["request"], title=entry["request_full"])),
            ),
            rx.el.section(
                rx.el.h3(t("audit.changed")),
                rx.cond(
                    AuditLog.changes.length() > 0,
                    diff(AuditLog.changes, caption=t("audit.changed_caption")),
                    muted(t("audit.nothing_changed")),
                ),
                class_name="stack stack-xs",
            ),
            row(
                link(shape("eq"), t("audit.all_of_subject"), href=entry["subject_href"], class_name="button"),
                rx.cond(
                    entry["actor_href"],
                    link(
                        t("audit.all_of_actor", name=entry["who"]),
                        href=entry["actor_href"],
                        class_name="button button-quiet",
                    ),
                ),
                wrap=True,
            ),
            class_name="drawer-body",
        ),
        class_name="drawer",
        custom_attrs={"aria-labelledby": "entry-title"},
    )


AUDIT_LOG = audit_log
