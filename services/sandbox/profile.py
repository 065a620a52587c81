"""Who the merchant is: two legal entities, their banks, what they sell and how their customers behave."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BankAccountProfile:
    """An account into which Stripe pays out one currency. `opening_minor` is its balance on the first day."""

    iban: str
    bic: str
    currency: str
    name: str
    opening_minor: int


@dataclass(frozen=True)
class EntityProfile:
    """A legal entity of the group. `share` is its part of the daily payments, in percent."""

    code: str
    name: str
    country: str
    currency: str
    zone: str
    share: int
    currencies: tuple[tuple[str, int], ...]
    sepa_percent: int
    bank_accounts: tuple[BankAccountProfile, ...]

    def account_for(self, currency: str) -> BankAccountProfile:
        """The bank account that receives payouts in `currency` (capital letters)."""
        return next(account for account in self.bank_accounts if account.currency == currency)


ENTITIES = (
    EntityProfile(
        code="mh-de",
        name="Musterhandel GmbH",
        country="DE",
        currency="EUR",
        zone="Europe/Berlin",
        share=65,
        currencies=(("EUR", 100),),
        sepa_percent=35,
        bank_accounts=(
            BankAccountProfile("DE82500105170548201300", "INGDDEFFXXX", "EUR", "Geschäftskonto", 48_211_034),
        ),
    ),
    EntityProfile(
        code="mh-ch",
        name="Musterhandel Schweiz AG",
        country="CH",
        currency="CHF",
        zone="Europe/Zurich",
        share=35,
        currencies=(("CHF", 72), ("EUR", 19), ("JPY", 9)),
        sepa_percent=0,
        bank_accounts=(
            BankAccountProfile("CH7800700110000431827", "ZKBKCHZZ80A", "CHF", "Kontokorrent CHF", 31_904_455),
            BankAccountProfile("CH5600700110000431835", "ZKBKCHZZ80A", "EUR", "Kontokorrent EUR", 6_120_890),
            BankAccountProfile("CH3400700110000431843", "ZKBKCHZZ80A", "JPY", "Kontokorrent JPY", 2_400_000),
        ),
    ),
)


def profile() -> tuple[EntityProfile, ...]:
    """The legal entities of the synthetic group, with zone, currency and bank accounts."""
    return ENTITIES


def entity(code: str) -> EntityProfile:
    """The entity called `code`. Raises KeyError."""
    return {item.code: item for item in ENTITIES}[code]


@dataclass(frozen=True)
class Plan:
    """Something sold, with its price in minor units per currency. `monthly` ones are subscriptions."""

    number: int
    name: str
    monthly: bool
    prices: tuple[tuple[str, int], ...]


PLANS = (
    Plan(1, "Kiste Klein", True, (("EUR", 1900), ("CHF", 2200), ("JPY", 2980))),
    Plan(2, "Kiste Mittel", True, (("EUR", 3490), ("CHF", 3900), ("JPY", 5480))),
    Plan(3, "Kiste Groß", True, (("EUR", 5990), ("CHF", 6700), ("JPY", 9400))),
    Plan(4, "Büro-Abo", True, (("EUR", 14900), ("CHF", 16900), ("JPY", 23800))),
    Plan(5, "Geschenkbox", False, (("EUR", 2950), ("CHF", 3350), ("JPY", 4600))),
    Plan(6, "Probierpaket", False, (("EUR", 990), ("CHF", 1190), ("JPY", 1500))),
    Plan(7, "Geräteset", False, (("EUR", 8900), ("CHF", 9900), ("JPY", 13900))),
)
MONTHLY = tuple(plan for plan in PLANS if plan.monthly)
ONE_OFF = tuple(plan for plan in PLANS if not plan.monthly)


@dataclass(frozen=True)
class Tariff:
    """Stripe's fee on one payment: basis points of the amount plus a fixed part in minor units."""

    basis_points: int
    fixed_minor: int

    def of(self, amount_minor: int) -> int:
        return (amount_minor * self.basis_points + 5000) // 10_000 + self.fixed_minor


CARD_TARIFFS = {"EUR": Tariff(150, 25), "CHF": Tariff(290, 30), "JPY": Tariff(360, 0)}
FOREIGN_CARD_TARIFFS = {"EUR": Tariff(325, 25), "CHF": Tariff(390, 30), "JPY": Tariff(420, 0)}
SEPA_TARIFF = Tariff(0, 35)
DISPUTE_FEES = {"EUR": 2000, "CHF": 2000, "JPY": 2500}
