"""Reading the bank."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, String, case, cast, func, literal, null, select

from services.bank.models import BankAccount, BankLine


def line_entries(after_seq: int = 0) -> Select[Any]:
    """Bank lines of the payment provider as reconciliation entries: one row per booked line, credits positive.

    A line takes part when its counterparty matches the account's `provider_pattern`. `reference` is the
    remittance text and the end-to-end id, blank-separated; `batch_ref` the reference of a collective booking.
    Only lines whose `changed_seq` is above `after_seq` (ascending commits: loads hold one lock).
    """
    reference = func.nullif(func.concat_ws(" ", BankLine.remittance, BankLine.end_to_end_id), "")
    return (
        select(
            BankLine.entity_id.label("entity_id"),
            BankAccount.iban.label("account"),
            BankLine.ext_key.label("ext_key"),
            BankLine.amount_minor.label("amount_minor"),
            BankLine.currency.label("currency"),
            cast(null(), BankLine.amount_minor.type).label("fee_minor"),
            BankLine.status.label("status"),
            BankLine.booked_at.label("occurred_at"),
            BankLine.booked_on.label("booked_on"),
            reference.label("reference"),
            case((BankLine.batch_count > 1, BankLine.batch_reference), else_=null()).label("batch_ref"),
            (cast(BankLine.file_id, String) + literal(":") + cast(BankLine.file_line, String)).label("origin"),
            BankLine.changed_seq.label("changed_seq"),
        )
        .join(BankAccount, BankAccount.id == BankLine.account_id)
        .where(BankLine.changed_seq > after_seq)
        .where(BankLine.counterparty.op("~*")(BankAccount.provider_pattern))
    )
