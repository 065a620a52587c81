"""Who has to agree to what, and the editor of it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    button,
    callout,
    card,
    dialog,
    link,
    loading_or,
    muted,
    page_header,
    row,
    stack,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.approvals.policies_state import ApprovalPolicies as State
from services.core.permissions import Permission

_RIGHTS: Any = Shell.rights
_TEAMS = ("finance", "ops", "dev")


@page(routes.APPROVAL_POLICIES, title="approvals.policies", permission=Permission.APPROVAL_READ, on_load=State.load)
def policies() -> rx.Component:
    return rx.fragment(
        page_header(t("approvals.policies"), meta=[t("approvals.policies_meta")]),
        loading_or(State, rx.el.div(rx.foreach(State.items, _policy), class_name="stack")),
        _editor(),
    )


def _policy(item: Any) -> rx.Component:
    may = _RIGHTS.contains(str(Permission.APPROVAL_POLICY))
    change = button(t("approvals.change"), small=True, icon_name="pencil", on_click=State.edit(item["kind"]))
    waiting = callout(
        rx.fragment(t("approvals.change_waits"), " · ", link(t("approvals.show_request"), href=item["waiting"])),
        tone="info",
    )
    return card(
        rx.cond(item["waiting"], waiting, rx.fragment()),
        _steps(item),
        title=item["title"],
        note=rx.fragment(item["version"], " · ", item["changed"]),
        end=[rx.cond(may, change, rx.fragment())],
        flush=True,
    )


def _steps(item: Any) -> rx.Component:
    cells = {"step": "step", "holds_from": "from", "who_agrees": "teams", "time_to_decide": "hours"}
    brief = {"step", "time_to_decide"}
    return rx.el.div(
        rx.el.table(
            rx.el.caption(item["title"], class_name="visually-hidden"),
            rx.el.thead(
                rx.el.tr(
                    *[
                        rx.el.th(t(f"approvals.{head}"), scope="col", class_name="brief" if head in brief else "")
                        for head in cells
                    ]
                )
            ),
            rx.el.tbody(
                rx.foreach(
                    item["steps"].to(list[dict[str, str]]),
                    lambda step: rx.el.tr(
                        *[
                            rx.el.td(
                                rx.el.span(step[name], class_name="num"),
                                custom_attrs={"data-label": t(f"approvals.{head}")},
                            )
                            for head, name in cells.items()
                        ],
                    ),
                )
            ),
            class_name="data-table data-table-even",
        ),
        class_name="table-scroll",
        role="region",
        tab_index=0,
        custom_attrs={"aria-label": item["title"]},
    )


def _editor() -> rx.Component:
    many = State.draft.length() > 1
    body = stack(
        muted(t("approvals.change_body")),
        rx.foreach(State.draft, _step),
        row(
            rx.cond(
                State.draft.length() < 5,
                button(t("approvals.add_step"), small=True, icon_name="plus", on_click=State.add_step),
                rx.fragment(),
            ),
            rx.cond(
                many,
                button(t("approvals.remove_step"), small=True, kind="quiet", on_click=State.remove_step),
                rx.fragment(),
            ),
        ),
    )
    return dialog(
        open_=State.kind != "",
        on_open_change=State.close,
        title=t("approvals.change_title", kind=State.kind_title),
        body=[body],
        foot=[
            button(t("approvals.keep"), on_click=State.close(False)),
            button(t("approvals.propose"), kind="primary", on_click=State.propose),
        ],
    )


def _step(step: Any, index: Any) -> rx.Component:
    """The first step holds always, so it takes no threshold."""

    def box(name: str, text: Any, **props: Any) -> rx.Component:
        label = f"step_{name}_" + index.to(str)
        return rx.el.div(
            rx.el.label(text, html_for=label),
            rx.el.input(
                id=label,
                class_name="input",
                default_value=step[name],
                on_change=lambda value: State.change(index, name, value),
                **props,
            ),
            class_name="field",
        )

    thresholds = rx.fragment(
        box("amounts", t("approvals.amounts_from"), placeholder=t("approvals.amounts_hint")),
        box("rows", t("approvals.rows_field"), type="number", min=1),
    )
    people = [box(team, t(f"approvals.team_{team}"), type="number", min=0, max=5) for team in _TEAMS]
    return rx.el.fieldset(
        rx.el.legend(t("approvals.step_number", number=index + 1)),
        rx.cond(index == 0, rx.fragment(), thresholds),
        rx.el.div(*people, box("hours", t("approvals.hours_field"), type="number", min=1), class_name="row row-wrap"),
        class_name="stack stack-s policy-step",
        key=index.to(str),
    )


POLICIES = policies
