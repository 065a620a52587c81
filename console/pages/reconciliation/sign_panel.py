"""The decision: who prepared, who signs, what the signature does, and what stands against it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import (
    bullet,
    bullets,
    button,
    callout,
    card,
    confirm,
    icon,
    list_item,
    list_rows,
    missing_signature,
    mono,
    muted,
    shape,
    signature,
    signatures,
    stack,
    text_button,
)
from console.design.texts import t
from console.pages.reconciliation.run_state import ReconciliationRunPage as State

_OBSTACLES = ("signed", "not_newest", "input_gaps", "no_right", "started_by_you")


def sign_panel() -> rx.Component:
    """Signature block, and either the way to sign or the reason why not."""
    run, signing = State.run, State.signing
    starter = rx.cond(run["by_console"], t("reconciliation.prepared_console"), run["started_by"])
    block = signatures(
        signature(starter, t("reconciliation.prepared"), run["started_at"]),
        rx.cond(
            signing["signed_by"],
            signature(signing["signed_by"], t("reconciliation.signed_caption"), signing["signed_at"]),
            missing_signature(t("reconciliation.second"), t("reconciliation.step_signed_todo")),
        ),
    )
    return card(
        stack(block, rx.cond(signing["signed_by"], _signed(), _unsigned())),
        title=t("reconciliation.sign_off"),
    )


def _signed() -> rx.Component:
    signing = State.signing
    return stack(
        rx.cond(signing["reason"], rx.el.p(t("reconciliation.reason_given", reason=signing["reason"])), rx.fragment()),
        rx.el.p(muted(t("reconciliation.obstacle_signed"))),
        rx.el.p(mono(signing["signature"]), class_name="digest", style={"overflowWrap": "anywhere"}),
        text_button(t("reconciliation.verify"), on_click=State.verify),
        gap="s",
    )


def _unsigned() -> rx.Component:
    signing = State.signing
    why = rx.match(
        signing["obstacle"],
        *[(name, bullets(bullet(t(f"reconciliation.obstacle_{name}"), mark=shape("block")))) for name in _OBSTACLES],
        rx.fragment(),
    )
    return rx.cond(signing["may_sign"], _invitation(), why)


def _invitation() -> rx.Component:
    return stack(
        rx.el.p(muted(t("reconciliation.may_sign"))),
        _above_limit(),
        rx.el.p(t("reconciliation.signing_will"), class_name="muted"),
        _consequences(),
        button(
            t("reconciliation.sign", day=State.run["day"]),
            kind="primary",
            block=True,
            on_click=State.ask,
        ),
        gap="s",
    )


def _above_limit() -> rx.Component:
    signing = State.signing
    return rx.cond(
        signing["needs_reason"],
        callout(t("reconciliation.above_limit", deviation=signing["deviation"], limit=signing["limit"]), tone="warn"),
        rx.fragment(),
    )


def _consequences() -> rx.Component:
    signing = State.signing
    return bullets(
        bullet(
            rx.el.span(t("reconciliation.will_freeze", digest=signing["digest"]), title=signing["digest_full"]),
            mark=icon("lock"),
        ),
        bullet(
            t("reconciliation.will_open", count=signing["open"], deviation=signing["deviation"]), mark=icon("unlink")
        ),
        bullet(t("reconciliation.will_audit"), mark=icon("scroll-text")),
    )


def sign_dialogs() -> rx.Component:
    """Asks before signing; above the limit with a reason."""
    shared: dict[str, Any] = {
        "on_open_change": State.close,
        "title": t("reconciliation.sign_title", day=State.run["day"]),
        "confirm_label": t("reconciliation.sign_do"),
        "keep_label": t("reconciliation.sign_keep"),
    }
    needs_reason = State.signing["needs_reason"] != ""
    return rx.fragment(
        confirm(open_=State.asking & ~needs_reason, body=[_consequences()], on_confirm=State.sign, **shared),
        confirm(
            open_=State.asking & needs_reason,
            body=[_above_limit(), _consequences()],
            on_confirm=State.sign_with_reason,
            reason_label=t("reconciliation.sign_reason"),
            **shared,
        ),
    )


def inputs_card() -> rx.Component:
    """The feeds the run stands on, with their gaps."""

    def line(item: Any) -> rx.Component:
        return list_item(mark=shape(item["mark"]), title=item["title"], note=item["note"])

    return card(list_rows(State.inputs, line), title=t("reconciliation.inputs"), flush=True)
