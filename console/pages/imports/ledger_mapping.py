"""The mapping editor of a ledger."""

from __future__ import annotations

import reflex as rx

from console import routes
from console.components import loading_or, page_header
from console.design.texts import t
from console.kit.page import page
from console.pages.imports.ledger_mapping_state import LedgerMapping
from console.pages.imports.mapping import mapping_editor
from services.core.permissions import Permission


@page(routes.LEDGER_MAPPING, title="imports.mapping", permission=Permission.BOOKS_IMPORT, on_load=LedgerMapping.load)
def ledger_mapping_page() -> rx.Component:
    head = page_header(
        t("imports.mapping"),
        meta=[LedgerMapping.title, t("imports.mapping_meta", version=LedgerMapping.version)],
    )
    return loading_or(LedgerMapping, rx.fragment(head, mapping_editor(LedgerMapping, upload_id="ledger-sample")))


PAGE = ledger_mapping_page
