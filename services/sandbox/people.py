"""Customers, derived from their number: name, address, and how they pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.sandbox.ids import mixed
from services.sandbox.profile import EntityProfile
from services.sandbox.vocabulary import Method

_Choice = TypeVar("_Choice")
_FIRST = """
Anna Ben Clara David Emma Felix Greta Hannah Ida Jakob Karla Leon Mia Noah Oskar Paula Quentin Rosa Simon Tilda
Ulrich Vera Wanda Xaver Yara Zoe Aylin Mehmet Sofia Luca Elif Jonas Lena Maja Nils Petra Rolf Sabine Urs Beat
""".split()  # noqa: SIM905
_LAST = """
Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch Richter Klein Wolf Schröder
Neumann Schwarz Zimmermann Braun Krüger Hofmann Lange Werner Krause Lehmann Yılmaz Kaya Rossi Keller Brunner
Baumann Frei Graf Huber Moser Suter Gerber Bühler Kunz Zürcher
""".split()  # noqa: SIM905
_CITIES = {
    "DE": (("Berlin", "10115"), ("Hamburg", "20095"), ("München", "80331"), ("Köln", "50667"), ("Leipzig", "04109")),
    "CH": (("Zürich", "8001"), ("Basel", "4001"), ("Bern", "3011"), ("Genève", "1201"), ("Luzern", "6003")),
}
_BRANDS = ("visa", "mastercard", "amex")
_ASCII = str.maketrans({"ü": "ue", "ö": "oe", "ä": "ae", "ı": "i", "è": "e", "ß": "ss"})


@dataclass(frozen=True)
class Person:
    """One customer: everything the sandbox knows about them follows from their number."""

    name: str
    email: str
    city: str
    postal_code: str
    country: str
    currency: str
    method: Method
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    card_country: str
    funding: str
    fingerprint: str


def person(salt: int, entity: EntityProfile, number: int) -> Person:
    """The customer with this number, the same in every process."""
    value = mixed(salt ^ number)
    first, value = _pick(value, _FIRST)
    last, value = _pick(value, _LAST)
    (city, postal_code), value = _pick(value, _CITIES[entity.country])
    percent, value = value % 100, value // 100
    currency, method = paying(salt, entity, number)
    last4, value = 1000 + value % 9000, value // 9000
    return Person(
        name=f"{first} {last}",
        email=f"{first}.{last}.{number}@example.com".lower().translate(_ASCII),
        city=city,
        postal_code=postal_code,
        country=entity.country,
        currency=currency,
        method=method,
        brand=_BRANDS[0 if percent < 52 else 1 if percent < 94 else 2],
        last4=str(last4),
        exp_month=1 + number % 12,
        exp_year=2027 + number % 4,
        card_country=card_country(salt, entity, number),
        funding="debit" if percent % 3 else "credit",
        fingerprint=f"{mixed(value ^ number):016X}",
    )


def paying(salt: int, entity: EntityProfile, number: int) -> tuple[str, Method]:
    """Currency (capital letters) and method of a customer."""
    value = mixed(salt ^ number ^ 0x5EA)
    percent, rest = value % 100, (value >> 8) % 100
    currency = entity.currency
    for other, weight in entity.currencies:
        if percent < weight:
            currency = other
            break
        percent -= weight
    return currency, Method.SEPA_DEBIT if rest < entity.sepa_percent else Method.CARD


def card_country(salt: int, entity: EntityProfile, number: int) -> str:
    """Where the card was issued: one in twelve comes from the United States and costs more."""
    return "US" if mixed(salt ^ number ^ 0xCA4D) % 12 == 0 else entity.country


def _pick(value: int, choices: Sequence[_Choice]) -> tuple[_Choice, int]:
    rest, index = divmod(value, len(choices))
    return choices[index], rest
