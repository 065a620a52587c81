"""What comes near a break on the other side, and the way to say that both belong together."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.components import button, card, checkbox, confirm, link, mono, muted, row, shape, stack
from console.design.texts import t
from console.pages.reconciliation.break_state import BreakPage as State
from console.pages.reconciliation.parts import may
from services.core.permissions import Permission


def candidates_card() -> rx.Component:
    """The nearest open entries of the other side, each with what agrees and what does not, and sets that add up."""
    sets = rx.el.div(rx.foreach(State.sets, _set), class_name="stack stack-s")
    near = rx.cond(
        State.candidates.length() > 0,
        rx.el.div(rx.foreach(State.candidates, _candidate), class_name="stack stack-s"),
        rx.el.p(t("reconciliation.candidates_none"), class_name="muted"),
    )
    return card(
        stack(near, rx.cond(State.sets.length() > 0, sets, rx.fragment()), gap="s"),
        title=t("reconciliation.candidates"),
        note=t("reconciliation.candidates_note", count=State.candidates.length()),
    )


def _candidate(item: Any) -> rx.Component:
    def mark(one: Any) -> rx.Component:
        return rx.el.span(shape(one["mark"], one["mark"]), one["text"], class_name="status")

    near = muted(t("reconciliation.candidate_near", score=item["score"]))
    return rx.el.div(
        row(
            row(link(item["name"], href=item["href"]), near),
            rx.el.strong(item["amount"], class_name="num"),
            between=True,
        ),
        row(mono(item["key"], title=item["key_full"]), muted(item["day"]), between=True),
        row(rx.foreach(item["marks"].to(list[dict[str, str]]), mark), wrap=True),
        _match(item["number"], item["name"]),
        class_name="stack stack-xs",
    )


def _set(item: Any) -> rx.Component:
    """Entries that add up to the break, matched with it in one step."""

    def member(one: Any) -> rx.Component:
        said = rx.el.span(link(one["name"], href=one["href"]), " ", mono(one["key"], title=one["key_full"]))
        return row(said, rx.el.span(one["amount"], class_name="num"), between=True)

    return rx.el.div(
        row(shape("ok", "ok"), rx.el.strong(item["title"])),
        rx.foreach(item["members"].to(list[dict[str, str]]), member),
        _match(item["number"], item["title"]),
        class_name="stack stack-xs",
    )


def _match(number: Any, name: Any) -> rx.Component:
    """The key that asks for the reason; for who may, while the break is open."""
    attributes = {"aria-label": t("breakwork.match_with", name=name)}
    key = button(t("breakwork.match"), on_click=State.ask_match(number), small=True, custom_attrs=attributes)
    return rx.cond(State.item["state"] == "resolved", rx.fragment(), may(Permission.BREAK_WORK, row(key)))


def match_dialog() -> rx.Component:
    """Asks for the reason; forced, also when both do not add up."""
    return confirm(
        open_=State.matching != "",
        on_open_change=State.close_match,
        title=t("breakwork.match_one_title", name=State.item["name"], other=State.matching),
        body=[rx.el.p(t("breakwork.match_one_body")), checkbox(t("breakwork.force"), name="force")],
        confirm_label=t("breakwork.match_do"),
        on_confirm=State.match,
        keep_label=t("breakwork.match_keep"),
        reason_label=t("breakwork.reason"),
    )
