"""Products and prices in Stripe's shape: few, fixed, made from the profile."""

from __future__ import annotations

from services.sandbox.api.view import Json, View
from services.sandbox.profile import PLANS, Plan


def product(view: View, plan: Plan) -> Json:
    founded = view.founded
    return {
        "id": view.id("prod", plan.number),
        "object": "product",
        "active": True,
        "created": founded + plan.number,
        "default_price": price_id(view, plan, plan.prices[0][0]),
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": {},
        "name": plan.name,
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": founded + plan.number,
        "url": None,
    }


def price(view: View, plan: Plan, currency: str) -> Json:
    place = _place(plan, currency)
    amount = plan.prices[place][1]
    recurring = {
        "interval": "month",
        "interval_count": 1,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }
    return {
        "id": price_id(view, plan, currency),
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": view.founded + plan.number * 10 + place,
        "currency": currency.lower(),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": {},
        "nickname": None,
        "product": view.id("prod", plan.number),
        "recurring": recurring if plan.monthly else None,
        "tax_behavior": "inclusive",
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if plan.monthly else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }


def _place(plan: Plan, currency: str) -> int:
    return [name for name, _ in plan.prices].index(currency)


def price_id(view: View, plan: Plan, currency: str) -> str | None:
    return view.id("price", plan.number * 10 + _place(plan, currency))


def products(view: View) -> list[Json]:
    return [product(view, plan) for plan in reversed(PLANS)]


def prices(view: View) -> list[Json]:
    """Every plan in every currency that the entity sells in, newest first."""
    sold = {name for name, _ in view.entity.currencies}
    found = [price(view, plan, currency) for plan in PLANS for currency, _ in plan.prices if currency in sold]
    return sorted(found, key=lambda item: -item["created"])
