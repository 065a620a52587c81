"""One entry (`Ntry`) of a CAMT.053 statement, in the spelling of version 02 or of 08 and later."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue]

from services.bank.errors import RejectedRow
from services.bank.statement import ParsedEntry
from services.core.errors import Invalid
from services.core.money import Money, exponent

_AMOUNT = re.compile(r"[0-9]{1,18}(\.[0-9]{0,10})?\Z")
_DAY = re.compile(r"(19[7-9][0-9]|2[01][0-9]{2})-[0-9]{2}-[0-9]{2}")
_PLACEHOLDERS = {"", "NOTPROVIDED", "NONREF", "NOTAVAILABLE", "N/A", "NA"}
_LONGEST = 2000


def entry_of(row: etree._Element, *, currency: str, own_iban: str) -> ParsedEntry:
    """Reads one `Ntry`. Raises RejectedRow with what is wrong with it."""
    _check_booked(row)
    amount = signed(row, money_of(row.find("{*}Amt"), currency))
    day = booked(row, "BookgDt") or booked(row, "ValDt")
    if day is None:
        raise RejectedRow("no_booking_date")
    records = row.findall("{*}NtryDtls/{*}TxDtls")
    reversal = text_at(row, "RvslInd") in {"true", "1"}
    details = [_detail(record, amount, own_iban, flipped=reversal) for record in records]
    single = details[0] if len(details) == 1 else None
    charges = _charges(row, records, currency)
    original, original_currency = _original(row, records)
    return ParsedEntry(
        line=row.sourceline or 0,
        amount_minor=amount,
        booked_on=day,
        booked_at=_instant(text_at(row, "BookgDt/DtTm")),
        value_on=booked(row, "ValDt"),
        reversal=reversal,
        bank_reference=_reference(text_at(row, "AcctSvcrRef")) or (single or {}).get("bank_reference"),
        transaction_code=_transaction_code(row),
        return_reason=_only(details, "return_reason"),
        charges_minor=charges,
        original_minor=original,
        original_currency=original_currency,
        end_to_end_id=_joined(details, "end_to_end_id"),
        mandate_id=_only(details, "mandate_id"),
        remittance=_joined(details, "remittance") or text_at(row, "AddtlNtryInf"),
        counterparty=_only(details, "counterparty"),
        counterparty_iban=_only(details, "counterparty_iban"),
        batch_reference=text_at(row, "NtryDtls/Btch/PmtInfId")
        or text_at(row, "NtryDtls/Btch/MsgId")
        or _reference(text_at(row, "NtryRef")),
        batch_count=_batch_count(row, len(records)),
        details=tuple(details) if len(details) > 1 else (),
    )


def text_at(element: etree._Element | None, path: str) -> str | None:
    """The trimmed text at a path of local names (`Acct/Id/IBAN`), at most 2,000 characters; None when blank."""
    text = None if element is None else element.findtext(_spelled(path))
    return (text.strip()[:_LONGEST] or None) if text else None


@cache
def _spelled(path: str) -> str:
    return "/".join(f"{{*}}{step}" for step in path.split("/"))


def money_of(element: etree._Element | None, currency: str) -> int:
    """The unsigned amount in minor units. Raises RejectedRow when it is none, or in another currency."""
    text = (element.text or "").strip() if element is not None else ""
    if element is None or not _AMOUNT.match(text):
        raise RejectedRow("amount", text=text[:40])
    if element.get("Ccy", currency) != currency:
        raise RejectedRow("currency_differs", given=element.get("Ccy", "")[:10], currency=currency)
    try:
        return Money.parse(text, currency).minor
    except Invalid:
        raise RejectedRow("amount_decimals", text=text[:40], digits=exponent(currency)) from None


def known_currency(code: str) -> str:
    """The code itself. Raises RejectedRow unless it is three capital letters."""
    try:
        exponent(code)
    except Invalid:
        raise RejectedRow("currency", text=code[:10]) from None
    return code


def signed(element: etree._Element, minor: int) -> int:
    """The amount with the sign of its `CdtDbtInd`: a reversal states its own direction there."""
    match text_at(element, "CdtDbtInd"):
        case "CRDT":
            return minor
        case "DBIT":
            return -minor
        case other:
            raise RejectedRow("sign", text=(other or "")[:10])


def booked(element: etree._Element, path: str) -> dt.date | None:
    """The day at `path`, given as a date or as a time; the bank's local day as written."""
    text = text_at(element, f"{path}/Dt") or text_at(element, f"{path}/DtTm")
    return the_day(text) if text else None


def the_day(text: str) -> dt.date:
    """Raises RejectedRow for what is no day between 1970 and 2199."""
    match = _DAY.match(text)
    try:
        if match:
            return dt.date.fromisoformat(match[0])
    except ValueError:
        pass
    raise RejectedRow("date", text=text[:40])


def _instant(text: str | None) -> dt.datetime | None:
    try:
        instant = dt.datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return instant if instant and instant.tzinfo else None


def _check_booked(row: etree._Element) -> None:
    status = text_at(row, "Sts/Cd") or text_at(row, "Sts/Prtry") or text_at(row, "Sts") or "BOOK"
    if status != "BOOK":
        raise RejectedRow("not_booked", status=status[:10])


def _transaction_code(row: etree._Element) -> str | None:
    domain = [text_at(row, f"BkTxCd/Domn/{step}") for step in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")]
    return "-".join(part for part in domain if part) or text_at(row, "BkTxCd/Prtry/Cd")


def _detail(record: etree._Element, entry_amount: int, own_iban: str, *, flipped: bool) -> dict[str, Any]:
    """One record of an entry, as plain values; parties by who is not us."""
    reason = text_at(record, "RtrInf/Rsn/Cd") or text_at(record, "RtrInf/Rsn/Prtry")
    incoming = (entry_amount > 0) != (flipped or reason is not None)
    name, iban = _counterparty(record, own_iban, incoming=incoming)
    amount = record.find("{*}Amt")
    if amount is None:
        amount = record.find("{*}AmtDtls/{*}TxAmt/{*}Amt")
    references = record.find("{*}Refs")
    found = {
        "amount": (amount.text or "").strip()[:40] if amount is not None else None,
        "currency": amount.get("Ccy", "")[:3] if amount is not None else None,
        "bank_reference": _reference(text_at(references, "AcctSvcrRef")),
        "end_to_end_id": _reference(text_at(references, "EndToEndId")),
        "mandate_id": _reference(text_at(references, "MndtId")),
        "remittance": _remittance(record),
        "counterparty": name,
        "counterparty_iban": iban,
        "return_reason": reason,
    }
    return {key: value for key, value in found.items() if value}


def _counterparty(record: etree._Element, own_iban: str, *, incoming: bool) -> tuple[str | None, str | None]:
    parties = record.find("{*}RltdPties")
    if parties is None:
        return None, None
    for role in ("Dbtr", "Cdtr") if incoming else ("Cdtr", "Dbtr"):
        account, party = parties.find(f"{{*}}{role}Acct"), parties.find(f"{{*}}{role}")
        iban = text_at(account, "Id/IBAN") or text_at(account, "Id/Othr/Id")
        name = _name_of(party) or _name_of(parties.find(f"{{*}}Ultmt{role}"))
        if (name or iban) and not (iban and iban == own_iban):
            return name, iban
    return None, None


def _name_of(party: etree._Element | None) -> str | None:
    return text_at(party, "Pty/Nm") or text_at(party, "Nm") or text_at(party, "Agt/FinInstnId/Nm")


def _remittance(record: etree._Element) -> str | None:
    pieces = [(piece.text or "").strip() for piece in record.iterfind("{*}RmtInf/{*}Ustrd")]
    pieces += [(piece.text or "").strip() for piece in record.iterfind("{*}RmtInf/{*}Strd/{*}CdtrRefInf/{*}Ref")]
    pieces += [(piece.text or "").strip() for piece in record.iterfind("{*}RmtInf/{*}Strd/{*}RfrdDocInf/{*}Nb")]
    return " ".join(filter(None, pieces))[:_LONGEST] or None


def _charges(row: etree._Element, records: list[etree._Element], currency: str) -> int | None:
    """What the bank took, in the account's currency: given once, for the entry or for its records."""
    for places in ([row], records):
        found = [
            amount
            for place in places
            for path in ("{*}Chrgs/{*}Rcrd/{*}Amt", "{*}Chrgs/{*}Amt")
            for amount in place.iterfind(path)
            if amount.get("Ccy") == currency
        ] or [
            total
            for place in places
            for total in place.iterfind("{*}Chrgs/{*}TtlChrgsAndTaxAmt")
            if total.get("Ccy") == currency
        ]
        if found:
            return sum(money_of(amount, currency) for amount in found)
    return None


def _original(row: etree._Element, records: list[etree._Element]) -> tuple[int | None, str | None]:
    """The instructed amount of a single booking, in its own currency."""
    places = [row, *records] if len(records) <= 1 else [row]
    for place in places:
        amount = place.find("{*}AmtDtls/{*}InstdAmt/{*}Amt")
        if amount is not None and amount.get("Ccy"):
            currency = amount.get("Ccy", "")
            known_currency(currency)
            return money_of(amount, currency), currency
    return None, None


def _batch_count(row: etree._Element, records: int) -> int | None:
    text = text_at(row, "NtryDtls/Btch/NbOfTxs") or ""
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text)
    return records if records > 1 else None


def _reference(text: str | None) -> str | None:
    return None if text is None or text.upper() in _PLACEHOLDERS else text


def _only(details: list[dict[str, Any]], key: str) -> str | None:
    """The value all records agree on."""
    values = {detail.get(key) for detail in details}
    return values.pop() if len(values) == 1 else None


def _joined(details: list[dict[str, Any]], key: str) -> str | None:
    return " ".join(dict.fromkeys(detail[key] for detail in details if key in detail))[:_LONGEST] or None
