"""Ids that look like Stripe's and can be turned back into a row number, so that no row has to store one."""

from __future__ import annotations

import hashlib

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_PAIRS = [left + right for left in _DIGITS for right in _DIGITS]
_MASK = 2**64 - 1
_FACTOR = 0x9E3779B97F4A7C15
_INVERSE = pow(_FACTOR, -1, 2**64)
_LENGTH = 11


def mixed(number: int) -> int:
    """A 64-bit hash of a number (splitmix64): the seed of everything derived from a row instead of stored."""
    number = (number + _FACTOR) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


class Ids:
    """The ids of one account. `Ids("7", "mh-de").make("ch", 12)` is `ch_3…`; `number` reverses it."""

    def __init__(self, seed: str, entity: str) -> None:
        digest = hashlib.sha256(f"{seed}/{entity}".encode()).digest()
        self.salt = int.from_bytes(digest[:8], "big")
        self.tag = _text(int.from_bytes(digest[8:16], "big"))[-9:]
        self.account = f"acct_1{self.tag}{_text(self.salt)[-6:]}"

    def make(self, prefix: str, number: int) -> str:
        return f"{prefix}_3{self.tag}{_text((number * _FACTOR ^ self.salt) & _MASK)}"

    def number(self, text: str) -> int | None:
        """The row number behind an id of this account, or None for a foreign or mistyped one."""
        _, separator, body = text.rpartition("_")
        if not separator or len(body) != 1 + 9 + _LENGTH or body[:10] != "3" + self.tag:
            return None
        value = 0
        for digit in body[10:]:
            if digit not in _VALUES:
                return None
            value = value * 62 + _VALUES[digit]
        return ((value ^ self.salt) * _INVERSE) & _MASK if value <= _MASK else None


def _text(value: int) -> str:
    """Eleven digits to base 62; written out, because it is the most called line of the server."""
    value, e = divmod(value, 3844)
    value, d = divmod(value, 3844)
    value, c = divmod(value, 3844)
    value, b = divmod(value, 3844)
    value, a = divmod(value, 3844)
    return _DIGITS[value % 62] + _PAIRS[a] + _PAIRS[b] + _PAIRS[c] + _PAIRS[d] + _PAIRS[e]
