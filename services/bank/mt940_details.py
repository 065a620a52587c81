"""What `:86:` of an MT940 line says, in each of its structures.

ZKA (German banks): a three-digit business code, then subfields `?00` to `?63`, of which `?20-29` and `?60-63` hold the
text with `EREF+ KREF+ MREF+ CRED+ SVWZ+ …` running across them. SWIFT: `/EREF/…/REMI/…`. Else: plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.bank.errors import RejectedRow
from services.core.delimited import minor_units
from services.core.money import exponent

_SUBFIELD = re.compile(r"\?([0-9]{2})")
_ZKA = re.compile(r"([0-9]{3})(?=\?[0-9]{2})")
_KEYS = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC)\+ ?")
_CODES = (
    "EREF|KREF|MARF|CSID|PREF|IREF|REMI|ORDP|BENM|CNTP|NAME|IBAN|BIC|RTRN|ORCR|PURP|ISDT|SVCL|TRTP|TRCD|ACSI|ULTC|"
    "ULTD|RREF|NRTX|OCMT|CHGS|ADDR|ID|ULTB"
)
_SLASHED = re.compile(rf"/({_CODES})/")
_REASON = re.compile(
    r"\b(AC0[1-6]|AC13|AG0[12]|AM0[459]|BE0[4-7]|CNOR|DNOR|DT01|FF0[15]|FOCR|MD0[1-7]|MS0[23]|RC0[1-4]|RR0[1-4]|SL01)\b"
)
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}\Z")
_PLACEHOLDERS = {"", "NOTPROVIDED", "NONREF"}
_AMOUNT = re.compile(r"(?:[A-Z]{3})?([0-9]{1,15}(?:[,.][0-9]{0,4})?)(?:[A-Z]{3})?\Z")
_FULL_SUBFIELD = 27
_FULL_LINE = 65
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Details:
    code: str | None = None
    remittance: str | None = None
    end_to_end_id: str | None = None
    customer_reference: str | None = None
    mandate_id: str | None = None
    counterparty: str | None = None
    counterparty_iban: str | None = None
    return_reason: str | None = None
    original: str | None = None
    charges: str | None = None
    batch_count: int | None = None

    def original_minor(self, currency: str) -> int | None:
        return _minor(self.original, currency)

    def charges_minor(self, currency: str) -> int | None:
        return _minor(self.charges, currency)


def read_details(text: str) -> Details:
    """Never refuses: what has no structure is the text itself."""
    joined = _joined(text.split("\n"), _FULL_LINE)
    unbroken = text.replace("\n", "")
    if match := _ZKA.match(unbroken):
        return _zka(match[1], unbroken[match.end() :])
    if unbroken[:3].isdigit() and unbroken[3:4] == " " and "?" in unbroken:
        return _zka(unbroken[:3], unbroken[4:])
    if _SLASHED.search(joined):
        return _slashed(joined)
    return Details(remittance=joined.strip()[:_LONGEST] or None)


def _zka(code: str, text: str) -> Details:
    pieces = _SUBFIELD.split(text)
    subfields = list(zip(pieces[1::2], pieces[2::2], strict=True))
    purpose = _joined([value for key, value in subfields if "20" <= key <= "29" or "60" <= key <= "63"], _FULL_SUBFIELD)
    party = _joined([value for key, value in subfields if key in {"32", "33"}], _FULL_SUBFIELD)
    named = dict(subfields)
    keyed = _keyed(purpose)
    plain = keyed.get("", "").strip()
    remittance = keyed.get("SVWZ") or (plain if not keyed.keys() - {""} else None) or named.get("00", "").strip()
    account = (keyed.get("IBAN") or named.get("31", "")).replace(" ", "")
    is_return = code in {"108", "109", "159"}
    reason = _REASON.search(purpose) if is_return else None
    return Details(
        code=code,
        remittance=remittance[:_LONGEST] or None,
        end_to_end_id=_given(keyed.get("EREF")),
        customer_reference=_given(keyed.get("KREF")),
        mandate_id=_given(keyed.get("MREF")),
        counterparty=party[:_LONGEST] or _given(keyed.get("ABWA") or keyed.get("ABWE")),
        counterparty_iban=account if _IBAN.match(account) else None,
        return_reason=reason[1] if reason else None,
        original=keyed.get("OAMT"),
        charges=keyed.get("COAM"),
        batch_count=_count(remittance),
    )


def _keyed(purpose: str) -> dict[str, str]:
    """The texts after `EREF+` and its like; what stands before the first under the empty key."""
    pieces = _KEYS.split(purpose)
    found = {"": pieces[0]}
    for key, value in zip(pieces[1::2], pieces[2::2], strict=True):
        found.setdefault(key, value.strip()[:_LONGEST])
    return found


def _slashed(text: str) -> Details:
    pieces = _SLASHED.split(text)
    found: dict[str, str] = {}
    for key, value in zip(pieces[1::2], pieces[2::2], strict=True):
        found.setdefault(key, value.strip().strip("/").strip()[:_LONGEST])
    party = [part.strip() for part in found.get("CNTP", "").split("/")]
    name = found.get("NAME") or (party[2] if len(party) > 2 else "") or found.get("ORDP") or found.get("BENM") or ""
    account = (found.get("IBAN") or (party[0] if party else "")).replace(" ", "")
    remittance = re.sub(r"\A(?:USTD|STRD)/+(?:CUR/+)?", "", found.get("REMI", "")) or pieces[0].strip()
    return Details(
        code=found.get("TRCD") or found.get("TRTP"),
        remittance=remittance[:_LONGEST] or None,
        end_to_end_id=_given(found.get("EREF")),
        customer_reference=_given(found.get("PREF") or found.get("KREF")),
        mandate_id=_given(found.get("MARF")),
        counterparty=name.removeprefix("NAME/")[:_LONGEST] or None,
        counterparty_iban=account if _IBAN.match(account) else None,
        return_reason=_given((found.get("RTRN") or "").split("/")[0]),
    )


def _joined(pieces: list[str], full: int) -> str:
    """Pieces that fill their line go on without a blank, a shorter one ends a word."""
    text = ""
    for piece in pieces:
        text += piece if len(piece) >= full else piece.rstrip() + " "
    return text.strip()


def _count(text: str) -> int | None:
    """How many records a collective booking says it holds."""
    match = re.search(r"\bANZ(?:AHL)?[ .:]{0,3}([0-9]{1,7})\b", text.upper())
    return int(match[1]) if match and int(match[1]) > 1 else None


def _given(text: str | None) -> str | None:
    stripped = (text or "").strip()
    return None if stripped.upper() in _PLACEHOLDERS else stripped


def _minor(text: str | None, currency: str) -> int | None:
    match = _AMOUNT.match((text or "").strip())
    try:
        return minor_units(match[1].replace(".", ","), exponent(currency), ",") if match else None
    except RejectedRow:
        return None
