"""Why something of a file was not taken: a code with arguments, stored so, and written in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeDecorator

from services.core.errors import Invalid

_LONGEST = 200

# code -> English; the console keeps the other languages beside it (console/design/texts/reasons.py)
REASONS: dict[str, str] = {
    "as_written": "{text}",
    "file_too_large": "The file is larger than {megabytes} MB.",
    "zip_damaged": "The file is a damaged ZIP.",
    "zip_members": "The ZIP holds {count} files; from 1 to {most} are taken.",
    "zip_too_large": "The ZIP unpacks to more than {megabytes} MB.",
    "member_damaged": "This file inside the ZIP is damaged.",
    "member_too_large": "This file inside the ZIP unpacks to more than it may.",
    "member_path": "The ZIP may hold plain file names only, no folders or paths.",
    "member_encrypted": "This file inside the ZIP is encrypted.",
    "member_packing": "This file inside the ZIP is packed in a way that is not taken.",
    "document_too_large": "The document is larger than {megabytes} MB.",
    "doctype": "The document carries a DOCTYPE, which no bank statement needs; it was not read.",
    "xml": "The document is not well-formed XML (line {line}).",
    "not_a_statement": "The document is no bank statement: neither CAMT.053, CAMT.054 nor MT940.",
    "other_camt": "The document is a CAMT.{number}; statements are CAMT.053, and CAMT.054 carries their details.",
    "camt_version": "The document is CAMT.{number}.001.{version}; versions {first} to {last} are read.",
    "csv_account_unknown": "No account of this entity is read from CSV; give one a mapping first.",
    "csv_account_unclear": "More than one account could be meant; put the IBAN into the file's name.",
    "csv_account_other": "The account {iban} has no mapping for CSV yet.",
    "no_statement": "The document holds no statement.",
    "too_many_statements": "The document holds more than {most} statements.",
    "no_account": "It names no account.",
    "no_currency": "It names no currency.",
    "no_day": "It names no day.",
    "page_number": "Its page number is no number.",
    "statement_rejected": "Its statement was rejected.",
    "account_elsewhere": "The account {iban} belongs to another legal entity.",
    "account_closed": "The account {iban} was closed on {day}.",
    "statement_changed_opening": "The statement {reference} was imported before with another opening balance.",
    "statement_changed_closing": "The statement {reference} was imported before with another closing balance.",
    "statement_changed_sequence": "The statement {reference} was imported before with another sequence number.",
    "no_booking_date": "The row has no booking date.",
    "amount": "“{text}” is no amount.",
    "currency": "“{text}” is no currency code.",
    "currency_differs": "The amount is in {given}, the account in {currency}.",
    "sign": "“{text}” is neither CRDT nor DBIT.",
    "date": "“{text}” is no date.",
    "not_booked": "The row is not booked yet ({status}); it counts when the bank books it.",
    "row_shape": "The row is too long, or a quotation mark is not closed.",
    "row_columns": "The row has {count} columns instead of {expected}.",
    "row_encoding": "The row holds characters that are not in the file's encoding.",
    "row_unreadable": "The row does not read as it should.",
    "field_missing": "The row has no {field}.",
    "field_too_long": "The {field} is longer than {most} characters.",
    "field_unknown": "There is no field {field}.",
    "field_no_text": "The {field} is neither a text nor a whole number.",
    "amount_mark": "“{text}” is no amount with the decimal mark “{mark}”.",
    "amount_decimals": "“{text}” has more decimals than its currency ({digits}).",
    "amount_too_large": "“{text}” is too large.",
    "date_format": "“{text}” is no date ({format}).",
    "date_range": "“{text}” is no date between {first} and {last}.",
    "columns_missing": "The file has no column {missing}. Its columns are: {columns}.",
    "not_encoding": "The file is not {encoding}.",
    "renamed": "{reference} was imported before under another reference or type.",
    "nothing_taken": "Not one row could be taken; does the mapping fit the file?",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """`code` names a sentence of `REASONS`, `arguments` fill it."""

    code: str
    arguments: Mapping[str, str | int] = field(default_factory=dict)

    @classmethod
    def of(cls, error: Invalid) -> Reason:
        """The reason an error carries; that of any other refusal is its sentence as it stands."""
        return error.reason if isinstance(error, Refused) else cls("as_written", {"text": error.sentence[:1000]})

    @classmethod
    def stored(cls, document: Mapping[str, Any]) -> Reason:
        return cls(document["code"], document["arguments"])

    @property
    def sentence(self) -> str:
        """In English."""
        return REASONS[self.code].format(**self.arguments)

    def document(self) -> dict[str, Any]:
        return {"code": self.code, "arguments": dict(self.arguments)}


class Refused(Invalid):
    """A refusal with a reason; texts among its arguments are cut, so that a hostile file stays small."""

    def __init__(self, code: str, **arguments: str | int) -> None:
        cut = {name: _stored(value) for name, value in arguments.items()}
        self.reason = Reason(code, cut)
        super().__init__(self.reason.sentence, **cut)
        self.code = f"reasons.{code}"


class RejectedRow(Refused):
    """One row (or one statement) cannot be taken; the others are."""


class UnreadableFile(Refused):
    """The file, or a file inside a ZIP, cannot be read at all; nothing of it was taken."""


class ReasonColumn(TypeDecorator[Reason]):
    """A reason as JSON; NULL for none."""

    impl = JSONB(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Reason | None, dialect: Dialect) -> Any:  # noqa: ARG002
        return None if value is None else value.document()

    def process_result_value(self, value: Any, dialect: Dialect) -> Reason | None:  # noqa: ARG002
        return None if value is None else Reason.stored(value)


def _stored(value: str | int) -> str | int:
    return value[:_LONGEST].replace("\x00", "\ufffd") if isinstance(value, str) else value
