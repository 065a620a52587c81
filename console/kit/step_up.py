"""The dialog that asks again who sits there; a script opens it and sends the proof past the websocket."""

from __future__ import annotations

import secrets

import reflex as rx

from console import routes
from console.components.controls import button, field, icon_button, plain_form
from console.design.texts import t
from console.kit.authz import event
from services.core.permissions import Permission


class StepUp(rx.State):
    """`asked` gets a new value when a service wants a fresh proof; the script opens the dialog once for it."""

    asked: str = ""

    @event(Permission.SELF)
    async def ask(self) -> None:
        self.asked = secrets.token_hex(4)


def step_up_dialog() -> rx.Component:
    """Stands in the frame of every page, closed."""
    return rx.el.dialog(
        rx.el.div(
            rx.el.h2(t("sign_in.step_up")),
            icon_button("x", label=t("shell.close"), custom_attrs={"data-step-up": "close"}),
            class_name="dialog-head",
        ),
        plain_form(
            rx.el.div(
                rx.el.p(t("sign_in.step_up_body")),
                field(
                    t("sign_in.password"),
                    _password(),
                    name="step-up-password",
                ),
                rx.el.p(class_name="field-error", role="alert", custom_attrs={"data-step-up": "refused"}),
                class_name="dialog-body",
            ),
            rx.el.div(
                button(t("sign_in.step_up_keep"), custom_attrs={"data-step-up": "close"}),
                button(t("sign_in.step_up_do"), kind="primary", submit=True),
                class_name="dialog-foot",
            ),
            action=routes.STEP_UP,
        ),
        id="step-up",
        class_name="dialog",
        custom_attrs={"aria-label": t("sign_in.step_up"), "data-asked": StepUp.asked},
    )


def _password() -> rx.Component:
    return rx.el.input(
        id="step-up-password",
        name="password",
        type="password",
        auto_complete="current-password",
        max_length=1024,
        class_name="input",
    )
