"""One entry beside the list: its facts, what changed, and the proof that it stands in the signed log."""

from __future__ import annotations

import reflex as rx

from console.components import (
    bullet,
    bullets,
    code,
    diff,
    facts,
    icon_button,
    link,
    mono,
    muted,
    person,
    row,
    shape,
    status,
)
from console.design.texts import t
from console.pages.audit.audit_log_state import AuditLog

OUTCOMES = {"done": t("audit.outcome_done"), "refused": t("audit.outcome_refused")}
_LOOKS = {"done": ("ok", "ok"), "refused": ("block", "bad")}


def entry_drawer() -> rx.Component:
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
        rx.el.div(_facts(), _changes(), _proof(), _ways_on(), class_name="drawer-body"),
        class_name="drawer",
        custom_attrs={"aria-labelledby": "entry-title"},
    )


def _facts() -> rx.Component:
    entry = AuditLog.entry
    return rx.fragment(
        facts(
            (t("audit.who"), person(entry["who"], entry["initials"], entry["team"])),
            (t("audit.on_behalf_of"), entry["on_behalf_of"]),
            (t("audit.subject"), entry["subject_full"]),
            (t("audit.entity"), entry["entity"]),
            (t("audit.outcome"), status(entry["outcome"], OUTCOMES, extra=_LOOKS)),
            (t("audit.reason"), entry["reason"]),
            (t("audit.session"), mono(entry["session"])),
            (t("audit.address"), mono(entry["address"])),
            (t("audit.request"), mono(entry["request"], title=entry["request_full"])),
            (t("audit.leaf"), entry["leaf"]),
        ),
        rx.cond(entry["erased"], muted(t("audit.erased")), rx.fragment()),
    )


def _changes() -> rx.Component:
    return rx.el.section(
        rx.el.h3(t("audit.changed")),
        rx.cond(
            AuditLog.changes.length() > 0,
            diff(AuditLog.changes, caption=t("audit.changed_caption")),
            muted(t("audit.nothing_changed")),
        ),
        class_name="stack stack-xs",
    )


def _proof() -> rx.Component:
    proof = AuditLog.proof
    proved = rx.fragment(
        bullets(
            bullet(rx.fragment(t("audit.proof_hash"), " ", mono(proof["hash"]))),
            bullet(t("audit.proof_path", steps=proof["steps"], size=proof["size"])),
        ),
        rx.el.details(
            rx.el.summary(t("audit.proof_shown")), code(proof["path"]), code(proof["note"]), class_name="stack stack-xs"
        ),
    )
    waiting = bullets(bullet(t("audit.proof_waits"), mark=shape("wait")))
    broken = bullets(bullet(t("audit.proof_broken"), mark=shape("bad", "bad")))
    return rx.el.section(
        rx.el.h3(t("audit.proof")),
        rx.match(proof["state"], ("proved", proved), ("broken", broken), waiting),
        class_name="stack stack-xs",
    )


def _ways_on() -> rx.Component:
    entry = AuditLog.entry
    return row(
        link(shape("eq"), t("audit.all_of_subject"), href=entry["subject_href"], class_name="button"),
        rx.cond(
            entry["actor_href"],
            link(
                t("audit.all_of_actor", name=entry["who"]), href=entry["actor_href"], class_name="button button-quiet"
            ),
        ),
        wrap=True,
    )
