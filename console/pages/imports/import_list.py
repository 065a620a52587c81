"""Files of bank and books with their reports; upload; what the statements prove."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import (
    Column,
    button,
    card,
    chip_filter,
    clear_filter,
    data_table,
    empty_state,
    field,
    file_upload,
    filter_bar,
    link,
    link_button,
    list_item,
    list_rows,
    loading_or,
    main_and_side,
    number,
    page_header,
    pager,
    plain_status,
    poll,
    select_filter,
    select_input,
    shape,
    stack,
    status,
)
from console.design.texts import t
from console.kit.page import page
from console.kit.shell_state import Shell
from console.pages.imports.import_list_state import ImportList
from console.pages.imports.parts import FILE_LOOKS, FILE_WORDS, KIND_WORDS
from services.core.permissions import Permission


@page(routes.IMPORTS, title="imports.title", permission=Permission.BANK_READ, on_load=ImportList.load)
def import_list_page() -> rx.Component:
    may_import = Shell.rights.contains(str(Permission.BANK_IMPORT))
    scan = rx.cond(may_import, button(t("imports.scan"), icon_name="rotate-cw", on_click=ImportList.scan))
    vouchers = link_button(t("imports.vouchers"), href=routes.VOUCHERS)
    return rx.fragment(
        page_header(t("imports.title"), meta=[t("imports.meta")], actions=[_running(), vouchers, scan]),
        loading_or(
            ImportList,
            main_and_side([_files()], [rx.cond(may_import, _upload()), _proofs(), _ledgers()]),
        ),
    )


def _running() -> rx.Component:
    watching = ImportList.looks_left > 0
    return rx.fragment(
        poll(watching, ImportList.look_again),
        rx.cond(watching, plain_status(t("imports.importing"), mark="run", tone="info")),
    )


def _files() -> rx.Component:
    kinds = [(kind, word) for kind, word in KIND_WORDS.items()]
    states = [(state, word) for state, word in FILE_WORDS.items() if state != "unproven"]
    return card(
        filter_bar(
            chip_filter(ImportList, "kind", kinds),
            select_filter(ImportList, "state", states, label=t("imports.state")),
            clear_filter(ImportList),
        ),
        rx.cond(
            ImportList.rows.length() > 0,
            _table(),
            rx.cond(
                ImportList.filters.length() > 0,
                empty_state(t("imports.none_filtered"), t("imports.none_filtered_body")),
                empty_state(t("imports.none"), t("imports.none_body")),
            ),
        ),
        flush=True,
        title=t("imports.files"),
    )


def _table() -> rx.Component:
    columns = [
        Column(t("imports.file"), lambda row: link(row["short"], href=row["href"], title=row["name"]), card="title"),
        Column(t("imports.entity"), lambda row: row["entity"], priority=3),
        Column(t("imports.state"), lambda row: status(row["state"], FILE_WORDS, extra=FILE_LOOKS), card="side"),
        Column(t("imports.read"), lambda row: number(row["read"]), amount=True, card="value"),
        Column(t("imports.new"), lambda row: number(row["new"]), amount=True, priority=2),
        Column(t("imports.rejected"), _rejected, amount=True),
        Column(t("imports.received"), lambda row: row["received"], card="meta", priority=2),
    ]
    return rx.fragment(data_table(columns, ImportList.rows, label=t("imports.files")), pager(ImportList))


def _rejected(row: Any) -> rx.Component:
    return rx.cond(row["has_rejected"], number(row["rejected"]), rx.el.span(row["rejected"], class_name="num muted"))


def _upload() -> rx.Component:
    several = ImportList.targets.length() > 1
    chooser = field(
        t("imports.upload_entity"),
        select_input(ImportList.targets, name="target", value=ImportList.target, on_change=ImportList.choose_target),
        name="target",
    )
    zone = file_upload(
        "imports",
        ImportList.take,
        accept={
            "application/xml": [".xml"],
            "application/zip": [".zip"],
            "text/csv": [".csv", ".txt"],
            "application/octet-stream": [".sta", ".mt940", ".940", ".mta"],
        },
        title=t("imports.upload_title"),
        hint=t("imports.upload_hint"),
    )
    return card(stack(rx.cond(several, chooser), zone, gap="s"), title=t("imports.upload"))


def _proofs() -> rx.Component:
    return card(
        rx.cond(
            ImportList.proofs.length() > 0,
            list_rows(ImportList.proofs, _proof),
            empty_state(t("imports.proof_none"), t("imports.proof_none_body")),
        ),
        title=t("imports.proof"),
        note=t("imports.proof_note"),
        flush=True,
    )


def _proof(item: Any) -> rx.Component:
    mark = rx.cond(item["mark"] == "ok", shape("ok", "ok"), shape("warn", "warn"))
    name = rx.el.span(item["iban"], rx.el.span(" ", item["currency"], class_name="currency"), class_name="num")
    return list_item(mark=mark, title=name, href=item["href"], note=item["note"])


def _ledgers() -> rx.Component:
    def drawn(item: Any) -> rx.Component:
        mark = rx.cond(item["mark"] == "ok", shape("ok", "ok"), shape("warn", "warn"))
        name = rx.el.span(item["name"], rx.el.span(" ", item["code"], class_name="muted"))
        return list_item(mark=mark, title=name, href=item["href"], note=item["note"])

    return rx.cond(
        ImportList.ledgers.length() > 0,
        card(list_rows(ImportList.ledgers, drawn), title=t("imports.ledgers"), flush=True),
        rx.fragment(),
    )


PAGE = import_list_page
