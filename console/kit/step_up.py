"""The dialog that asks again who sits there; a script opens it and sends the proof past the websocket."""

from __future__ import annotations

import asyncio
import secrets

import reflex as rx

from console import routes
from console.components.controls import button, field, icon_button, plain_form, plain_link
from console.design.texts import t
from console.kit import application, session
from console.kit.authz import event
from services import identity
from services.core.permissions import Permission


class StepUp(rx.State):
    """`asked` gets a new value when a service wants a fresh proof; the script opens the dialog once for it.

    `ways` are those in which this person can prove who they are.
    """

    asked: str = ""
    ways: rx.Field[list[str]] = rx.field(default_factory=list)

    @event(Permission.SELF)
    async def ask(self) -> None:
        self.ways = sorted(await asyncio.to_thread(_ways, session.PRINCIPAL.get()))
        self.asked = secrets.token_hex(4)


def _ways(person: session.Principal) -> frozenset[str]:
    """None of the provider's where single sign-on is switched off."""
    app = application.current()
    with app.database.unit_of_work(person.actor) as uow:
        found = identity.ways_to_prove(uow)
    return found if app.openid is not None else found - {"openid"}


def _if(way: str, *content: rx.Component) -> rx.Component:
    return rx.cond(StepUp.ways.contains(way), rx.fragment(*content), rx.fragment())


def step_up_dialog() -> rx.Component:
    """Stands in the frame of every page, closed."""
    password, code = _secret("password", "current-password"), _secret("code", "one-time-code")
    return rx.el.dialog(
        rx.el.div(
            rx.el.h2(t("sign_in.step_up")),
            icon_button("x", label=t("shell.close"), custom_attrs={"data-step-up": "close"}),
            class_name="dialog-head",
        ),
        plain_form(
            rx.el.div(
                rx.el.p(t("sign_in.step_up_body")),
                _if("password", field(t("sign_in.password"), password, name="step-up-password")),
                _if("totp", field(t("sign_in.code_of_app"), code, name="step-up-code")),
                rx.el.p(class_name="field-error", role="alert", custom_attrs={"data-step-up": "refused"}),
                class_name="dialog-body",
            ),
            rx.el.div(
                button(t("sign_in.step_up_keep"), custom_attrs={"data-step-up": "close"}),
                rx.cond(
                    StepUp.ways.contains("password") | StepUp.ways.contains("totp"),
                    button(t("sign_in.step_up_do"), kind="primary", submit=True),
                    rx.fragment(),
                ),
                class_name="dialog-foot",
            ),
            action=routes.STEP_UP,
        ),
        _if("passkey", _by_passkey()),
        _if("openid", _by_openid()),
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


def _by_openid() -> rx.Component:
    """Leaves the page for the provider, which sends the person back to it."""
    return rx.el.div(
        plain_link(t("sign_in.step_up_openid"), href=routes.STEP_UP_OPENID, class_name="button"),
        class_name="dialog-foot",
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
