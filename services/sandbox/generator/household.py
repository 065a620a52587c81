"""What else happens on the merchant's bank accounts: rent, wages, suppliers, customers who pay by transfer.

None of it concerns payouts. A line belongs to the reconciliation of payouts only when the other party is Stripe.
"""

from __future__ import annotations

import random

import orjson

from services.sandbox.days import is_business_day
from services.sandbox.generator.day import Day
from services.sandbox.people import person
from services.sandbox.profile import BankAccountProfile
from services.sandbox.vocabulary import BankLineKind

_SUPPLIERS = (
    ("Kartonwerk Nord GmbH", "Rechnung"),
    ("Obsthof Hansen", "Lieferung"),
    ("Paketdienst Express AG", "Frachtkosten"),
    ("Stadtwerke", "Abschlag Strom"),
    ("Bürobedarf Lindner KG", "Bestellung"),
)


def make_household(day: Day) -> None:
    """The day's unrelated lines on every account. Business days only."""
    if not is_business_day(day.date):
        return
    # Its own dice: payments must not shift because the rent changed.
    rng = random.Random(f"{day.world.seed}/{day.entity.code}/{day.date}/bank")  # noqa: S311
    for account in day.entity.bank_accounts:
        main = account.currency == day.entity.currency
        scale = 100 if account.currency == "JPY" else 1
        if main and day.date.day <= 3 and day.date.weekday() == 0:
            _line(day, account, -642_000, "Immobilien Kontor Verwaltung", f"Miete {day.date:%m/%Y}")
        if main and day.date.day in (26, 27, 28) and day.date.weekday() in (0, 3):
            _line(day, account, -1_874_350, day.entity.name, f"Lohn/Gehalt {day.date:%m/%Y}")
        for _ in range(rng.randint(0, 3 if main else 1)):
            party, text = rng.choice(_SUPPLIERS)
            _line(day, account, -rng.randint(4_000, 190_000) // scale, party, f"{text} {rng.randint(10_000, 99_999)}")
        if rng.random() < (0.5 if main else 0.1):
            payer = person(day.salt, day.entity, rng.randint(1, 5_000)).name
            _line(day, account, rng.randint(1_900, 60_000) // scale, payer, f"Rechnung {rng.randint(1000, 9999)}")


def _line(day: Day, account: BankAccountProfile, amount: int, party: str, text: str) -> None:
    number = day.reserve("bank_line")
    day.put(
        "bank_line", number, account.iban, day.date.isoformat(), BankLineKind.UNRELATED.value, amount,
        f"{day.date:%y%m%d}{number:010d}", party, None, text, orjson.dumps([]),
    )  # fmt: skip
