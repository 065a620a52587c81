"""The definitions that come with the console, on the mirror of Stripe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import (
    TIMESTAMP,
    UUID,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    String,
    TableClause,
    cast,
    column,
    exists,
    func,
    select,
    table,
)

from services import payments
from services.backfills.definition import Check, MoneyColumns, PeriodColumns, SqlBackfill
from services.backfills.vocabulary import Expect
from services.core.words import Words
from services.reconciliation import Definition

_TIME = TIMESTAMP(timezone=True)
PAYMENT = table(
    "payment",
    column("id", UUID()),
    column("entity_id", UUID()),
    column("account_id", UUID()),
    column("created_at", _TIME),
    column("charge_ref", String()),
    column("received_minor", BigInteger()),
    column("net_minor", BigInteger()),
    column("settlement_currency", String()),
)
MOVEMENT = table(
    "balance_transaction",
    column("id", UUID()),
    column("entity_id", UUID()),
    column("account_id", UUID()),
    column("reporting_category", String()),
    column("source_ref", String()),
    column("net_minor", BigInteger()),
    column("currency", String()),
    column("available_at", _TIME),
    column("payout_ref", String()),
    column("changed_seq", BigInteger()),
)
PAYOUT = table(
    "payout",
    column("account_id", UUID()),
    column("stripe_id", String()),
    column("currency", String()),
    column("created_at", _TIME),
    column("amount_minor", BigInteger()),
    column("automatic", Boolean()),
    column("composed_at", _TIME),
)

ACCOUNT = table("stripe_account", column("id", UUID()), column("time_zone", String()))


def _business_day(of: TableClause, moment: str) -> PeriodColumns:
    """The day in the account's zone."""
    zone = select(ACCOUNT.c.time_zone).where(ACCOUNT.c.id == of.c.account_id).correlate(of).scalar_subquery()
    return PeriodColumns(cast(func.timezone(zone, of.c[moment]), Date), of.c.entity_id)


_OF_PAYMENT = (
    MOVEMENT.c.account_id == PAYMENT.c.account_id,
    MOVEMENT.c.source_ref == PAYMENT.c.charge_ref,
    MOVEMENT.c.reporting_category == "charge",
)
_SETTLED = exists().where(*_OF_PAYMENT).correlate(PAYMENT)
_NET = select(cast(func.sum(MOVEMENT.c.net_minor), BigInteger)).where(*_OF_PAYMENT).correlate(PAYMENT).scalar_subquery()
_CURRENCY = select(func.min(MOVEMENT.c.currency)).where(*_OF_PAYMENT).correlate(PAYMENT).scalar_subquery()


class Since(BaseModel):
    """`since`: only payments made on or after this day (UTC); all without it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: dt.date | None = Field(default=None, title="Made on or after")

    def holds(self) -> ColumnElement[bool]:
        start = dt.datetime.combine(self.since or dt.date(1970, 1, 1), dt.time.min, dt.UTC)
        return PAYMENT.c.created_at >= start


class NetAmount(SqlBackfill):
    """The net amount of each settled payment, from the movement that Stripe booked for its charge."""

    name = "payments.net_minor"
    version = 1
    title = Words("Fill the net amount of payments", "Nettobetrag der Zahlungen füllen")
    description = Words(
        "Writes what Stripe credited for a payment (amount less fee, in the settlement currency) into the new column"
        " net_minor of every settled payment that has none.",
        "Schreibt, was Stripe für eine Zahlung gutgeschrieben hat (Betrag abzüglich Gebühr, in der"
        " Abrechnungswährung), in die neue Spalte net_minor jeder abgerechneten Zahlung, die noch keinen Wert hat.",
    )
    owner = "payments"
    target = PAYMENT
    columns = ("net_minor",)
    params = Since
    money = MoneyColumns("net_minor", _CURRENCY)
    period = _business_day(PAYMENT, "created_at")
    reconciliations = (Definition.SETTLEMENT,)
    flag = "payments.net-from-column"
    runbook = Words(
        "If it fails: pause, look at the quarantined rows, sync the balance transactions of those charges, resume.",
        "Bei Fehlern: anhalten, die zurückgestellten Zeilen ansehen, ihre Bewegungen synchronisieren, fortsetzen.",
    )

    def rows(self, params: Since) -> ColumnElement[bool]:
        return PAYMENT.c.net_minor.is_(None) & _SETTLED & params.holds()

    def change(self, params: Since) -> Mapping[str, ColumnElement[Any]]:  # noqa: ARG002
        return {"net_minor": _NET}

    def checks(self, params: Since) -> Sequence[Check]:
        return (
            Check.of_rows(
                "settled_without_net",
                Words("Settled payments without a net amount", "Abgerechnete Zahlungen ohne Nettobetrag"),
                select(PAYMENT.c.id, PAYMENT.c.charge_ref).where(self.rows(params)),
            ),
            NET_DIFFERS,
        )


NET_DIFFERS = Check.of_rows(
    "net_differs",
    Words(
        "Payments whose net amount is not what Stripe credited",
        "Zahlungen, deren Nettobetrag nicht der Gutschrift von Stripe entspricht",
    ),
    select(PAYMENT.c.id, PAYMENT.c.charge_ref, PAYMENT.c.net_minor, _NET.label("credited_minor")).where(
        PAYMENT.c.net_minor.is_not(None), PAYMENT.c.net_minor.is_distinct_from(_NET)
    ),
)


class SettlementCurrency(SqlBackfill):
    """The currency Stripe settles in; a payment's own currency is the one the customer paid in."""

    name = "payments.settlement_currency"
    version = 1
    title = Words("Normalise the settlement currency", "Abrechnungswährung vereinheitlichen")
    description = Words(
        "Sets the settlement currency of every settled payment to that of its movement on the Stripe balance, where it"
        " is missing or differs.",
        "Setzt die Abrechnungswährung jeder abgerechneten Zahlung auf die ihrer Bewegung im Stripe-Saldo, wo sie fehlt"
        " oder abweicht.",
    )
    owner = "payments"
    target = PAYMENT
    columns = ("settlement_currency",)
    period = _business_day(PAYMENT, "created_at")
    reconciliations = (Definition.SETTLEMENT,)
    runbook = Words(
        "Safe to repeat; it touches only what differs.", "Kann wiederholt werden; es ändert nur, was abweicht."
    )

    def rows(self, params: Any) -> ColumnElement[bool]:  # noqa: ARG002
        return _SETTLED & PAYMENT.c.settlement_currency.is_distinct_from(_CURRENCY)

    def change(self, params: Any) -> Mapping[str, ColumnElement[Any]]:  # noqa: ARG002
        return {"settlement_currency": _CURRENCY}

    def checks(self, params: Any) -> Sequence[Check]:
        title = Words(
            "Settled payments in another currency than their movement",
            "Abgerechnete Zahlungen in anderer Währung als ihre Bewegung",
        )
        shown = select(PAYMENT.c.id, PAYMENT.c.settlement_currency, _CURRENCY.label("movement_currency"))
        return (Check.of_rows("currency_differs", title, shown.where(self.rows(params))),)


_PARTS = MOVEMENT.alias("part")
_PAID_OUT = (
    select(func.coalesce(func.sum(_PARTS.c.net_minor), 0))
    .where(_PARTS.c.account_id == PAYOUT.c.account_id, _PARTS.c.payout_ref == PAYOUT.c.stripe_id)
    .correlate(PAYOUT)
    .scalar_subquery()
)
_NEXT_PAYOUT = (
    select(PAYOUT.c.stripe_id)
    .where(
        PAYOUT.c.account_id == MOVEMENT.c.account_id,
        PAYOUT.c.currency == MOVEMENT.c.currency,
        PAYOUT.c.automatic,
        PAYOUT.c.composed_at.is_not(None),
        PAYOUT.c.created_at >= MOVEMENT.c.available_at,
        PAYOUT.c.amount_minor != _PAID_OUT,
    )
    .order_by(PAYOUT.c.created_at)
    .limit(1)
    .correlate(MOVEMENT)
    .scalar_subquery()
)


class PayoutLinks(SqlBackfill):
    """Links from movements to the payout that paid them out, where they were lost."""

    name = "payouts.missing_links"
    version = 1
    title = Words("Restore missing payout links", "Fehlende Auszahlungsbezüge wiederherstellen")
    description = Words(
        "Links every movement that no payout claims to the first automatic payout after it became available, as long"
        " as that payout's parts do not add up to its amount.",
        "Verknüpft jede Bewegung ohne Auszahlung mit der ersten automatischen Auszahlung nach ihrer Verfügbarkeit,"
        " solange deren Teile nicht den Betrag ergeben.",
    )
    owner = "payments"
    target = MOVEMENT
    columns = ("payout_ref",)
    lock = payments.INGEST_TURN
    period = _business_day(MOVEMENT, "available_at")
    reconciliations = (Definition.SETTLEMENT, Definition.PAYOUTS)
    runbook = Words(
        "Prefer a sync of the payouts; this is for accounts whose payouts can no longer be read.",
        "Besser die Auszahlungen synchronisieren; dies ist für Konten, deren Auszahlungen nicht mehr lesbar sind.",
    )

    def rows(self, params: Any) -> ColumnElement[bool]:  # noqa: ARG002
        loose = MOVEMENT.c.payout_ref.is_(None) & (MOVEMENT.c.reporting_category != "payout")
        return loose & _NEXT_PAYOUT.is_not(None)

    def change(self, params: Any) -> Mapping[str, ColumnElement[Any]]:  # noqa: ARG002
        return {"payout_ref": _NEXT_PAYOUT}

    def along(self) -> Mapping[str, ColumnElement[Any]]:
        return {"changed_seq": func.nextval("payments_changed_seq")}

    def checks(self, params: Any) -> Sequence[Check]:  # noqa: ARG002
        known = exists().where(
            PAYOUT.c.account_id == MOVEMENT.c.account_id, PAYOUT.c.stripe_id == MOVEMENT.c.payout_ref
        )
        lost = select(MOVEMENT.c.id, MOVEMENT.c.payout_ref).where(MOVEMENT.c.payout_ref.is_not(None), ~known)
        title = Words("Links to payouts that are not known", "Bezüge auf unbekannte Auszahlungen")
        return (Check.of_rows("unknown_payouts", title, lost, Expect.SAME),)


class NetWithoutFees(SqlBackfill):
    """Wrong on purpose: it forgets the fees, and its verification says so. For training and for the tests."""

    name = "training.net_without_fees"
    version = 1
    title = Words("Training: a net amount that forgets the fees", "Übung: ein Nettobetrag ohne Abzug der Gebühren")
    description = Words(
        "Writes the received amount as the net amount of every settled payment. Its verification fails, so that the way"
        " back can be practised.",
        "Schreibt den erhaltenen Betrag als Nettobetrag jeder abgerechneten Zahlung. Die Prüfung schlägt fehl, damit"
        " der Rückweg geübt werden kann.",
    )
    owner = "training"
    target = PAYMENT
    columns = ("net_minor",)
    money = MoneyColumns("net_minor", _CURRENCY)
    runbook = Words("Roll it back.", "Zurücknehmen.")

    def rows(self, params: Any) -> ColumnElement[bool]:  # noqa: ARG002
        return _SETTLED & PAYMENT.c.net_minor.is_distinct_from(PAYMENT.c.received_minor)

    def change(self, params: Any) -> Mapping[str, ColumnElement[Any]]:  # noqa: ARG002
        return {"net_minor": PAYMENT.c.received_minor + 0}

    def checks(self, params: Any) -> Sequence[Check]:  # noqa: ARG002
        return (NET_DIFFERS,)


DEFINITIONS = (NetAmount(), SettlementCurrency(), PayoutLinks(), NetWithoutFees())
