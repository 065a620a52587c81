"""Balance transactions, payouts, the balance and the account in Stripe's shape."""

from __future__ import annotations

import sqlite3

from services.sandbox.api.view import Json, View
from services.sandbox.days import local_bounds, local_day
from services.sandbox.ids import mixed
from services.sandbox.vocabulary import MOVEMENTS, Movement

PAID_AFTER = 6 * 3600


def render_movements(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    return [_movement(view, row) for row in rows]


def _movement(view: View, row: sqlite3.Row) -> Json:
    shape = MOVEMENTS[Movement(row["kind"])]
    currency, fee = row["currency"].lower(), row["fee"]
    details = []
    if fee:
        description = "Dispute fee" if row["kind"] == Movement.DISPUTE else "Stripe processing fees"
        details = [
            {
                "amount": fee, "application": None, "currency": currency, "description": description,
                "type": "stripe_fee",
            }
        ]  # fmt: skip
    return {
        "id": view.id("txn", row["n"]),
        "object": "balance_transaction",
        "amount": row["amount"],
        "available_on": row["available_on"],
        "balance_type": "payments",
        "created": row["created"],
        "currency": currency,
        "description": shape.description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": details,
        "net": row["amount"] - fee,
        "reporting_category": shape.category,
        "source": view.id(shape.prefix, row["source"]),
        "status": "available" if row["available_on"] <= view.now else "pending",
        "type": shape.type,
    }


def payout_status(row: sqlite3.Row, now: int) -> str:
    if row["arrival"] + PAID_AFTER <= now:
        return "paid"
    return "in_transit" if row["created"] + 3600 <= now else "pending"


def render_payouts(view: View, rows: list[sqlite3.Row]) -> list[Json]:
    return [_payout(view, row) for row in rows]


def _payout(view: View, row: sqlite3.Row) -> Json:
    account = view.entity.account_for(row["currency"])
    return {
        "id": view.id("po", row["n"]),
        "object": "payout",
        "amount": row["amount"],
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": row["arrival"],
        "automatic": True,
        "balance_transaction": view.id("txn", row["bt"]),
        "created": row["created"],
        "currency": row["currency"].lower(),
        "description": "STRIPE PAYOUT",
        "destination": view.id("ba", mixed(int(account.iban[-8:])) >> 24),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed" if row["created"] + 3600 <= view.now else "in_progress",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": payout_status(row, view.now),
        "trace_id": {"status": "supported", "value": row["trace"]},
        "type": "bank_account",
    }


def balance(view: View) -> Json:
    """What lies at Stripe: paid in and not paid out, by whether it may be paid out already."""
    query = """
        WITH held AS (
            SELECT * FROM bt WHERE payout IS NULL
            UNION ALL SELECT * FROM bt WHERE payout IN (SELECT n FROM payout WHERE created > ?1)
        )
        SELECT currency, sum(CASE WHEN available_on <= ?1 THEN amount - fee ELSE 0 END) AS available,
               sum(CASE WHEN available_on > ?1 THEN amount - fee ELSE 0 END) AS pending
        FROM held WHERE created <= ?1 GROUP BY currency
    """
    found = {row["currency"]: row for row in view.store.all(query, view.now)}

    def funds(kind: str) -> list[Json]:
        return [
            {"amount": found[name][kind] if name in found else 0, "currency": name.lower(), "source_types": {}}
            for name, _ in view.entity.currencies
        ]

    return {"object": "balance", "available": funds("available"), "livemode": False, "pending": funds("pending")}


def account(view: View) -> Json:
    """The account behind the key, as far as a merchant's own console needs it."""
    entity = view.entity
    founded = local_bounds(local_day(view.now, entity.zone), entity.zone)[0] - 1500 * 86_400
    return {
        "id": view.ids.account,
        "object": "account",
        "business_profile": {"name": entity.name, "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "country": entity.country,
        "created": founded,
        "default_currency": entity.currency.lower(),
        "details_submitted": True,
        "email": "finance@example.com",
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "dashboard": {"display_name": entity.name, "timezone": entity.zone},
            "payouts": {"schedule": {"delay_days": 3, "interval": "daily"}, "statement_descriptor": None},
        },
        "type": "standard",
    }
