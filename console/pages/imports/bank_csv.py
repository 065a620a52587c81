"""The mapping of a bank account's CSV exports."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import card, file_upload, loading_or, main_and_side, page_header
from console.design.texts import t
from console.kit.page import page
from console.pages.imports.bank_csv_state import BankCsv
from console.pages.imports.mapping import mapping_editor
from services.core.permissions import Permission


@page(routes.BANK_CSV, title="imports.csv_title", permission=Permission.BANK_IMPORT, on_load=BankCsv.load)
def bank_csv_page() -> rx.Component:
    head = page_header(t("imports.csv_title"), meta=[rx.el.span(BankCsv.iban, class_name="num"), BankCsv.currency])
    zone = file_upload(
        "exports",
        BankCsv.take,
        accept={"text/csv": [".csv", ".txt"]},
        title=t("imports.csv_take"),
        hint=t("imports.csv_take_hint"),
    )
    side = [rx.cond(BankCsv.ready, card(zone, title=t("imports.upload")), rx.fragment()), _help()]
    return loading_or(
        BankCsv, rx.fragment(head, main_and_side([mapping_editor(BankCsv, upload_id="bank-sample")], side))
    )


def _help() -> rx.Component:
    return card(rx.el.p(t("imports.csv_help")), title=t("imports.csv"))


PAGE = bank_csv_page
