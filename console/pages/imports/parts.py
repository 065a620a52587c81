"""Words and looks that the pages of imports share."""

from __future__ import annotations

from console.design.texts import t

KIND_WORDS = {"bank": t("imports.bank"), "books": t("imports.books")}
FILE_WORDS = {
    "imported": t("imports.state_imported"),
    "partial": t("imports.state_partial"),
    "unproven": t("imports.state_unproven"),
    "rejected": t("imports.state_rejected"),
}
FILE_LOOKS = {
    "imported": ("ok", "ok"),
    "partial": ("warn", "warn"),
    "unproven": ("ne", "warn"),
    "rejected": ("bad", "bad"),
}
STATEMENT_WORDS = {
    "ok": t("imports.state_ok"),
    "difference": t("imports.state_difference"),
    "no_opening": t("imports.state_no_opening"),
    "no_closing": t("imports.state_no_closing"),
}
STATEMENT_LOOKS = {
    "ok": ("eq", ""),
    "difference": ("ne", "warn"),
    "no_opening": ("warn", "warn"),
    "no_closing": ("warn", "warn"),
}
PROOF_WORDS = {"complete": t("imports.state_complete"), "incomplete": t("imports.state_incomplete")}
PROOF_LOOKS = {"complete": ("ok", "ok"), "incomplete": ("warn", "warn")}
