"""Who did what to which record: the list, its filters, and one entry beside it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    callout,
    card,
    chip_filter,
    clear_filter,
    data_table,
    date_filter,
    download_button,
    empty_state,
    export_links,
    filter_bar,
    icon,
    loading_or,
    page_header,
    pager,
    person,
    save_view_button,
    saved_view_bar,
    sealed_mark,
    search_filter,
    select_filter,
    shape,
    stands,
    text_button,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.audit.audit_log_state import AuditLog
from console.pages.audit.entry import OUTCOMES, entry_drawer
from services.core.permissions import Permission

_AREAS = (
    "identity",
    "approvals",
    "reconciliation",
    "payments",
    "bank",
    "books",
    "backfills",
    "runs",
    "notifications",
    "audit",
    "console",
)
_ACTORS = ("user", "system", "anonymous")


@page(routes.AUDIT, title="audit.title", permission=Permission.AUDIT_READ, on_load=AuditLog.load)
def audit_log() -> rx.Component:
    body = rx.el.div(
        page_header(
            t("audit.title"),
            meta=[t("audit.meta"), t("audit.meta_append")],
            actions=[download_button(t("audit.extract"), href=_with_query("/audit/extract.zip"))],
        ),
        rx.cond(AuditLog.standing.length() > 0, _standing(), rx.fragment()),
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
                chip_filter(AuditLog, "outcome", list(OUTCOMES.items())),
                date_filter(AuditLog, "from", label=t("audit.from")),
                date_filter(AuditLog, "to", label=t("audit.to")),
                clear_filter(AuditLog),
                save_view_button(AuditLog),
            ),
            saved_view_bar(AuditLog),
            loading_or(AuditLog, rx.cond(AuditLog.rows.length() > 0, _list(), _none()), lines=12),
            flush=True,
            title=rx.cond(stands(AuditLog) & (AuditLog.about != ""), AuditLog.about, t("audit.title")),
            end=[export_links(AuditLog, "audit")],
        ),
        class_name=rx.cond(_is_open(), "page-body", "stack"),
    )
    return rx.el.div(body, rx.cond(_is_open(), entry_drawer()), class_name=rx.cond(_is_open(), "with-drawer", ""))


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
            wrap=True,
        ),
        Column(t("audit.proof"), sealed_mark, priority=2),
    ]
    return data_table(columns, AuditLog.rows, label=t("audit.title"))


def _timeline() -> rx.Component:
    """One record's or one person's entries, as a story."""
    return rx.el.div(
        rx.el.ol(
            rx.foreach(
                AuditLog.rows,
                lambda item: rx.el.li(
                    rx.el.span(icon("scroll-text"), class_name="node"),
                    rx.el.div(
                        rx.el.strong(item["who"], " "),
                        _action(item),
                        rx.el.div(item["subject"], class_name="sub"),
                        rx.cond(item["reason"], rx.el.div(item["reason"], class_name="said"), rx.fragment()),
                        class_name="what",
                    ),
                    rx.el.span(item["time"], " ", sealed_mark(item), class_name="when"),
                ),
            ),
            class_name="timeline",
        ),
        class_name="card-body",
    )


def _list() -> rx.Component:
    return rx.fragment(rx.cond(AuditLog.about != "", _timeline(), _table()), pager(AuditLog))


def _standing() -> rx.Component:
    """Whether the log is as it was signed; for whoever may, a button that looks again."""
    standing = AuditLog.standing
    again = rx.cond(
        Shell.rights.contains(Permission.AUDIT_VERIFY.value),
        text_button(t("audit.verify_now"), on_click=AuditLog.verify_now),
        rx.fragment(),
    )

    def told(tone: str) -> rx.Component:
        lines = [rx.el.span(standing["checkpoint"], " ", standing["sinks"], class_name="muted")]
        lines += [
            rx.cond(standing[name], rx.el.span(standing[name]), rx.fragment())
            for name in ("findings", "sink_errors", "few_sinks")
        ]
        return callout(*lines, tone=tone, title=standing["title"], end=again)

    return rx.match(standing["tone"], *[(tone, told(tone)) for tone in ("ok", "warn", "bad")], told("info"))


def _with_query(path: str) -> Any:
    return rx.cond(AuditLog.query_string != "", f"{path}?" + AuditLog.query_string.to(str), path)


def _action(item: Any) -> rx.Component:
    """Refusals carry their mark; what was done needs none."""
    name = rx.el.button(
        item["action"], type="button", class_name="link-button mono", on_click=AuditLog.open_entry(item["id"])
    )
    refused = shape("block", "bad", label=OUTCOMES["refused"])
    return rx.el.span(rx.cond(item["outcome"] == "refused", refused, rx.fragment()), " ", name)


def _none() -> rx.Component:
    return empty_state(t("audit.none"), t("audit.none_body"))


AUDIT_LOG = audit_log
