"""Money as integer minor units with a currency. Never a float; currencies never mix."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from services.core.errors import Invalid

# ISO 4217 list one (SIX, amendment 176): only the exceptions; every other currency has two decimals.
_EXPONENTS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}

_LARGEST = 2**63 - 1  # what a bigint holds


def exponent(currency: str) -> int:
    """Decimals of the minor unit: EUR 2, JPY 0, KWD 3. Raises Invalid unless three capital letters."""
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise Invalid(
            f"“{currency}” is not a currency code; write three capital letters such as EUR.", currency=currency
        )
    return _EXPONENTS.get(currency, 2)


class CurrencyMismatch(TypeError):
    """Two currencies met in one sum; that is a bug in the caller, never something to convert silently."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """Signed minor units: Money(1999, "EUR") is 19.99 EUR, Money(500, "JPY") is 500 JPY."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.minor, int) or isinstance(self.minor, bool):
            raise TypeError(f"minor units are an int, not {type(self.minor).__name__}")
        exponent(self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other).minor

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other).minor

    @property
    def major(self) -> Decimal:
        """The exact decimal in major units, with the currency's own number of decimals."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))

    @classmethod
    def parse(cls, text: str, currency: str, *, decimal_mark: str = ".") -> Money:
        """Exact reading of a decimal string: parse("1.284,50", "EUR", decimal_mark=",") is 128450 minor.

        Group marks (the other of `.` and `,`, apostrophes, spaces) are dropped. Raises Invalid when the
        text is no number or has more decimals than the currency.
        """
        cleaned = text.strip().replace("\u2212", "-")
        for mark in {".", ",", "'", "\u2019", " ", "\u00a0", "\u202f"} - {decimal_mark}:
            cleaned = cleaned.replace(mark, "")
        try:
            scaled = Decimal(cleaned.replace(decimal_mark, ".")).scaleb(exponent(currency))
        except InvalidOperation:
            raise Invalid(f"“{text}” is not an amount; write it like 1234{decimal_mark}50.", text=text) from None
        if not scaled.is_finite() or abs(scaled) > _LARGEST or scaled != scaled.to_integral_value():
            raise Invalid(
                f"“{text}” is not an exact amount of {currency}; it takes {exponent(currency)} decimals.", text=text
            )
        return cls(int(scaled), currency)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be combined")
        return other
