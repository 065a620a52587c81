"""The frame of every page: navigation, header, palette, messages, and the states around the content."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.style import resolved_color_mode, toggle_color_mode
from reflex_base.vars.function import ArgsFunctionOperation
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import has_connection_errors

from console import routes
from console.components.controls import icon, icon_button, link, plain_form, plain_link
from console.components.dialog import menu, menu_trigger
from console.components.icon import brand_mark, shape
from console.components.process import poll
from console.components.states import forbidden_state, skeleton
from console.design.texts import Locale, t
from console.kit import navigation, pages
from console.kit.middleware import SessionState
from console.kit.notices import Notices
from console.kit.palette import palette
from console.kit.shell_state import Shell
from console.kit.step_up import step_up_dialog
from services.core.permissions import Permission

# On the class these are variables of the page.
_RIGHTS: Any = Shell.rights
_ENTITIES: Any = Shell.entities


def shell(page: pages.Page, content: rx.Component) -> rx.Component:
    """Draws `content` once the reader is known and may see it; the frame stands at once."""
    inside = rx.cond(
        Shell.ready,
        rx.cond(Shell.allowed, content, forbidden_state(Shell.needed)),
        skeleton(),
    )
    return rx.el.div(
        plain_link(t("shell.skip"), href="#main", class_name="skip-link"),
        _navigation(page),
        rx.el.div(
            _impersonation(),
            _topbar(page),
            rx.el.main(inside, class_name="page", id="main", tab_index=-1),
            class_name="shell-main",
        ),
        palette(),
        _shortcuts(),
        step_up_dialog(),
        _messages(),
        _connection(),
        class_name="shell",
        custom_attrs={
            "data-lang": rx.cond(Locale.german, "de", "en"),
            "data-signed-out": rx.cond(SessionState.signed_out, "true", "false"),
        },
    )


def _navigation(page: pages.Page) -> rx.Component:
    existing = pages.registered()
    groups = []
    for group in navigation.NAVIGATION:
        entries = [entry for entry in group.entries if entry.route in existing]
        if entries:
            groups.append(_group(group.text, entries, page, existing))
    return rx.el.nav(
        link(brand_mark(), t("shell.brand"), href=routes.OVERVIEW, class_name="nav-brand"),
        icon_button("x", label=t("shell.close_navigation"), class_name="nav-close", custom_attrs={"data-nav": "close"}),
        *groups,
        rx.el.p(
            _entity_label(),
            rx.el.br(),
            rx.cond(Shell.as_of, t("shell.as_of", time=Shell.as_of), ""),
            class_name="nav-foot",
        ),
        class_name="nav",
        id="nav",
        custom_attrs={"aria-label": t("shell.navigation")},
    )


def _group(
    text: str, entries: list[navigation.Entry], page: pages.Page, existing: dict[str, pages.Page]
) -> rx.Component:
    items = [_entry(entry, page, existing[entry.route]) for entry in entries]
    body = rx.el.ul(*items)
    if not text:
        return rx.el.div(body, class_name="nav-group")
    any_right = _RIGHTS.contains(str(existing[entries[0].route].permission))
    for entry in entries[1:]:
        any_right = any_right | _RIGHTS.contains(str(existing[entry.route].permission))
    return rx.cond(
        any_right, rx.el.div(rx.el.p(t(text), class_name="nav-heading"), body, class_name="nav-group"), rx.fragment()
    )


def _entry(entry: navigation.Entry, page: pages.Page, target: pages.Page) -> rx.Component:
    current = entry.route == page.entry
    attributes: dict[str, Any] = {"data-go": entry.letter} if entry.letter else {}
    if current:
        attributes["aria-current"] = "page"
    item = link(icon(entry.icon), t(entry.text), href=entry.route, class_name="nav-item", custom_attrs=attributes)
    return rx.cond(_RIGHTS.contains(str(target.permission)), rx.el.li(item), rx.fragment())


def _topbar(page: pages.Page) -> rx.Component:
    return rx.el.header(
        icon_button(
            "menu", label=t("shell.open_navigation"), class_name="topbar-menu", custom_attrs={"data-nav": "open"}
        ),
        rx.el.nav(_breadcrumb(page), custom_attrs={"aria-label": t("shell.breadcrumb")}),
        rx.el.div(
            rx.el.button(
                icon("search"),
                rx.el.span(t("shell.search")),
                rx.el.kbd("Ctrl K"),
                type="button",
                class_name="search-trigger",
                custom_attrs={"data-palette": "open"},
            ),
            _waiting(),
            _entity_switch(),
            rx.cond(
                Shell.sandbox,
                rx.el.span(t("shell.sandbox"), class_name="environment", custom_attrs={"data-kind": "sandbox"}),
                rx.el.span(t("shell.live"), class_name="environment", custom_attrs={"data-kind": "live"}),
            ),
            rx.el.button(
                t("shell.other_language"),
                type="button",
                class_name="icon-button language",
                on_click=Shell.speak(rx.cond(Locale.german, "en", "de")),
                custom_attrs={"aria-label": t("shell.switch_language")},
            ),
            icon_button(
                "sun-moon",
                label=t("shell.theme"),
                on_click=[
                    toggle_color_mode,
                    Shell.keep_theme(rx.cond(resolved_color_mode == "dark", "light", "dark")),
                ],
            ),
            _account(),
            class_name="topbar-end",
        ),
        class_name="topbar",
    )


def _waiting() -> rx.Component:
    """How many approvals wait for the reader; asked again now and then, since others vote too."""
    count = Shell.waiting
    return rx.fragment(
        rx.cond(
            count > 0,
            link(
                icon("stamp"),
                rx.el.span(count, class_name="num"),
                rx.el.span(t("shell.approvals_waiting", count=count), class_name="visually-hidden"),
                href=routes.APPROVALS,
                class_name="waiting-count",
                title=t("shell.approvals_waiting", count=count),
            ),
            rx.fragment(),
        ),
        poll(Shell.ready & _RIGHTS.contains(str(Permission.APPROVAL_READ)), Shell.count_waiting, every=20_000),
    )


def _breadcrumb(page: pages.Page) -> rx.Component:
    parent = pages.at(page.entry) if page.entry != page.route else None
    above = [rx.el.li(link(t(parent.title), href=parent.route))] if parent else []
    return rx.el.ol(*above, rx.el.li(t(page.title), custom_attrs={"aria-current": "page"}), class_name="breadcrumb")


def _entity_switch() -> rx.Component:
    trigger = rx.el.button(
        icon("building"),
        rx.el.span(_entity_label(), class_name="truncate"),
        icon("chevron-down"),
        type="button",
        class_name="entity-switch",
        custom_attrs=menu_trigger("entity-menu") | {"aria-label": t("shell.entities")},
    )
    return rx.cond(
        _ENTITIES.length() > 1,
        menu(
            trigger,
            rx.el.p(t("shell.entities"), class_name="menu-head"),
            rx.foreach(
                Shell.entities,
                lambda item: rx.el.label(
                    rx.el.input(
                        type="checkbox",
                        class_name="check",
                        checked=item["chosen"],
                        on_change=lambda _: Shell.toggle_entity(item["id"]),
                    ),
                    rx.el.span(item["name"]),
                    class_name="choice menu-item",
                ),
            ),
            rx.cond(
                Shell.narrowed,
                rx.el.button(
                    t("shell.all_entities"), type="button", class_name="menu-item", on_click=Shell.all_entities
                ),
                rx.fragment(),
            ),
            name="entity-menu",
            label=t("shell.entities"),
        ),
        rx.fragment(),
    )


def _entity_label() -> rx.Var[str]:
    """All, their number, or the name of the only one."""
    many = rx.cond(Shell.narrowed, t("shell.some_entities", count=Shell.entity_label), t("shell.all_entities"))
    return rx.cond(Shell.several, many, Shell.entity_label).to(str)


def _account() -> rx.Component:
    trigger = rx.el.button(
        rx.el.span(Shell.initials, custom_attrs={"aria-hidden": "true"}),
        rx.el.span(t("shell.account", name=Shell.name), class_name="visually-hidden"),
        type="button",
        class_name="avatar",
        custom_attrs=menu_trigger("account-menu") | {"data-team": Shell.team},
    )
    return menu(
        trigger,
        rx.el.p(rx.el.strong(Shell.name), rx.el.span(Shell.email, class_name="sub"), class_name="menu-head"),
        link(icon("key-round"), t("account.title"), href=routes.ACCOUNT, class_name="menu-item"),
        rx.el.button(
            icon("keyboard"),
            t("shell.shortcuts"),
            type="button",
            class_name="menu-item",
            custom_attrs={"data-help": "open"},
        ),
        plain_form(
            rx.el.button(icon("log-out"), t("shell.sign_out"), type="submit", class_name="menu-item"),
            action=routes.SIGN_OUT,
        ),
        name="account-menu",
        label=t("shell.account_menu"),
    )


_KEYS = (
    (("Ctrl", "K"), "shell.key_palette"),
    (("/",), "shell.key_filter"),
    (("J", "K"), "shell.key_move"),
    (("X",), "shell.key_select"),
    (("Shift", "X"), "shell.key_range"),
    (("Enter",), "shell.key_open"),
    (("C",), "shell.key_comment"),
    (("A",), "shell.key_assign"),
    (("R",), "shell.key_resolve"),
    (("Esc",), "shell.key_back"),
    (("G",), "shell.key_go"),
    (("?",), "shell.key_help"),
)


def _shortcuts() -> rx.Component:
    return rx.el.dialog(
        rx.el.div(
            rx.el.h2(t("shell.shortcuts")),
            icon_button("x", label=t("shell.close"), custom_attrs={"data-help": "close"}),
            class_name="dialog-head",
        ),
        rx.el.div(
            rx.el.dl(
                *[
                    part
                    for keys, text in _KEYS
                    for part in (
                        rx.el.dt(*[rx.el.kbd(key) for key in keys]),
                        rx.el.dd(t(text)),
                    )
                ],
                class_name="facts",
            ),
            class_name="dialog-body",
        ),
        id="shortcuts",
        class_name="dialog",
        custom_attrs={"aria-label": t("shell.shortcuts")},
    )


def _impersonation() -> rx.Component:
    """Stands above everything for as long as somebody looks through another person's eyes."""
    return rx.cond(
        Shell.impersonator,
        rx.el.div(
            shape("warn", "warn"),
            rx.el.p(t("shell.impersonating", name=Shell.name, admin=Shell.impersonator)),
            plain_form(
                rx.el.button(t("shell.impersonating_end"), type="submit", class_name="button button-s"),
                action=routes.IMPERSONATE_END,
            ),
            class_name="callout impersonation",
            role="status",
            custom_attrs={"data-tone": "warn"},
        ),
        rx.fragment(),
    )


def _messages() -> rx.Component:
    return rx.el.section(
        rx.foreach(
            Notices.items,
            lambda item: rx.el.div(
                rx.match(
                    item["tone"],
                    ("ok", shape("ok", "ok")),
                    ("warn", shape("warn", "warn")),
                    ("bad", shape("bad", "bad")),
                    shape("info", "info"),
                ),
                rx.el.div(
                    rx.el.strong(item["title"]),
                    rx.cond(item["body"], rx.el.div(item["body"], class_name="body"), rx.fragment()),
                ),
                icon_button("x", label=t("shell.close"), on_click=Notices.dismiss(item["id"])),
                class_name="toast",
                key=item["id"].to(str),
                custom_attrs={"data-tone": item["tone"]},
            ),
        ),
        class_name="messages",
        custom_attrs={"aria-live": "polite", "aria-label": t("shell.messages")},
    )


def _connection() -> rx.Component:
    """Says that figures may be old while the websocket is away; it comes back by itself."""
    return rx.cond(
        has_connection_errors,
        rx.el.div(
            shape("wait"),
            rx.el.div(rx.el.strong(t("shell.disconnected")), rx.el.p(t("shell.disconnected_body"))),
            class_name="toast connection",
            role="status",
        ),
        rx.fragment(),
    )


def not_found() -> rx.Component:
    """What an unknown address shows."""
    return rx.el.main(
        rx.el.div(
            shape("block"),
            rx.el.h1(t("shell.not_found")),
            rx.el.p(t("shell.not_found_body")),
            rx.el.div(link(t("shell.to_overview"), href=routes.OVERVIEW, class_name="button"), class_name="row"),
            class_name="empty-state",
        ),
        class_name="page",
    )


def crashed(*children: Any) -> rx.Component:
    """The boundary around everything: a page that throws shows this instead of nothing."""
    instead = rx.el.main(
        rx.el.div(
            shape("bad", "bad"),
            rx.el.h1(t("shell.crashed")),
            rx.el.p(plain_link(t("shell.crashed_body"), href="")),
            class_name="empty-state",
        ),
        class_name="page",
    )
    return ErrorBoundary.create(
        *children, fallback_render=ArgsFunctionOperation.create(("event_args",), rx.Var.create(instead))
    )


def hydrating() -> rx.Component:
    """Stands while the bundle loads: the frame's ground, so that nothing jumps."""
    return rx.el.div(
        rx.el.div(class_name="nav"),
        rx.el.div(
            rx.el.div(class_name="topbar"), rx.el.main(skeleton(label=" "), class_name="page"), class_name="shell-main"
        ),
        class_name="shell",
    )
