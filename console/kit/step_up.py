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
                field(t("sign_in.password"), _secret("password", "current-password"), name="step-up-password"),
                field(t("sign_in.or_code"), _secret("code", "one-time-code"), name="step-up-code"),
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
        _by_passkey(),
        id="step-up",
        class_name="dialog",
        custom_attrs={"aria-label": t("sign_in.step_up"), "data-asked": StepUp.asked},
    )


def _by_passkey() -> rx.Component:
    return plain_form(
        rx.el.input(type="hidden", name="passkey"),
        rx.el.p(
            class_name="field-error note",
            role="alert",
            custom_attrs={"data-passkey-error": t("sign_in.passkey_failed")},
        ),
        button(t("sign_in.use_passkey"), submit=True),
        action=routes.STEP_UP,
        class_name="dialog-foot",
        attributes={"data-passkey": "prove", "data-options": routes.STEP_UP_PASSKEY},
    )


def _secret(name: str, completes: str) -> rx.Component:
    return rx.el.input(
        id=f"step-up-{name}",
        name=name,
        type="password" if name == "password" else "text",
        auto_complete=completes,
        max_length=1024 if name == "password" else 40,
        class_name="input",
    )
