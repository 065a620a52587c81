"""Account numbers as banks write them, as one IBAN."""

from __future__ import annotations

import re

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_GERMAN = re.compile(r"([1-9][0-9]{7})/0*([0-9]{1,10})(?:[A-Z]{3})?\Z")


def account_iban(text: str, currency: str) -> str:
    """The IBAN in an account field: alone, after a bank's code, with the currency at its end, or made from a German
    bank code and account number; anything else as it stands (at most 40 characters)."""
    plain = text.replace(" ", "").upper()
    for piece in [plain, *plain.split("/")]:
        for candidate in (piece, piece.removesuffix(currency)):
            if _IBAN.fullmatch(candidate) and is_iban(candidate):
                return candidate
    german = _GERMAN.match(plain)
    return german_iban(german[1], german[2]) if german else plain[:40]


def is_iban(text: str) -> bool:
    """ISO 7064 mod 97-10, as ISO 13616 asks for."""
    if not _IBAN.fullmatch(text) or len(text) > 34:
        return False
    return _remainder(text[4:] + text[:4]) == 1


def german_iban(bank_code: str, account: str) -> str:
    """The standard rule; some banks have exceptions for old account numbers."""
    basic = bank_code + account.zfill(10)
    return f"DE{98 - _remainder(basic + 'DE00'):02}{basic}"


def _remainder(text: str) -> int:
    return int("".join(str(int(character, 36)) for character in text)) % 97
