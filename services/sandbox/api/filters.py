"""List filters as SQL conditions. A status is a matter of time, so its filter compares times with now."""

from __future__ import annotations

from typing import Any

from services.sandbox.api.errors import invalid, missing
from services.sandbox.api.params import Params, ranged
from services.sandbox.api.render_balance import PAID_AFTER
from services.sandbox.api.view import View
from services.sandbox.days import DAY
from services.sandbox.vocabulary import EVENT_NUMBER, EVENT_RETENTION_DAYS, MOVEMENTS, Movement

Condition = tuple[str, tuple[Any, ...]]
_NOWHERE: Condition = ("0", ())
_INVOICE_STATUS = {
    "draft": "finalized_at > :now",
    "open": "finalized_at <= :now AND coalesce(paid_at, 1e18) > :now AND coalesce(closed_at, 1e18) > :now",
    "paid": "paid_at <= :now",
    "uncollectible": "closed_at <= :now AND closed_as = 'uncollectible' AND coalesce(paid_at, 1e18) > :now",
    "void": "closed_at <= :now AND closed_as = 'void'",
}
_OPEN_INVOICE = (
    "n IN (SELECT subscription FROM invoice WHERE finalized_at <= :now AND coalesce(paid_at, 1e18) > :now "
    "AND coalesce(closed_at, 1e18) > :now AND created > :now - 32 * 86400)"
)
_ENDED = "coalesce(ended_at, 1e18) <= :now"
_SUBSCRIPTION_STATUS = {
    "all": "1",
    "canceled": _ENDED,
    "ended": _ENDED,
    "past_due": f"NOT {_ENDED} AND {_OPEN_INVOICE}",
    "active": f"NOT {_ENDED} AND NOT {_OPEN_INVOICE}",
}
_PAYOUT_STATUS = {
    "paid": f"arrival + {PAID_AFTER} <= :now",
    "in_transit": f"arrival + {PAID_AFTER} > :now AND created + 3600 <= :now",
    "pending": f"arrival + {PAID_AFTER} > :now AND created + 3600 > :now",
    "failed": "0",
    "canceled": "0",
}


def none(_: View, __: Params) -> list[Condition]:
    return []


def _number(view: View, params: Params, name: str, noun: str, table: str) -> int | None:
    """The row number that a parameter names. Raises StripeError 400 when there is no such object yet."""
    wanted = params.get(name)
    if wanted is None:
        return None
    number = view.ids.number(wanted) if isinstance(wanted, str) else None
    row = view.store.get(table, number) if number is not None else None
    if row is None or row["created"] > view.now:
        raise missing(noun, wanted, param=name)
    return number


def _equals(view: View, params: Params, name: str, noun: str, table: str) -> list[Condition]:
    number = _number(view, params, name, noun, table)
    return [] if number is None else [(f"{table} = ?", (number,))]


def _one_of(view: View, params: Params, name: str, choices: dict[str, str]) -> list[Condition]:
    wanted = params.get(name)
    if wanted is None:
        return []
    if wanted not in choices:
        raise invalid(f"Invalid {name}: must be one of {', '.join(choices)}", name)
    condition = choices[wanted]
    return [(condition.replace(":now", "?"), (view.now,) * condition.count(":now"))]


def customers(view: View, params: Params) -> list[Condition]:
    """A sandbox customer's address ends in their number, so it can be found without an index."""
    wanted = params.get("email")
    if wanted is None:
        return []
    number = str(wanted).partition("@")[0].rpartition(".")[2]
    found = number.isdigit() and view.person(int(number)).email == wanted
    return [("n = ?", (int(number),))] if found else [_NOWHERE]


def by_customer(view: View, params: Params) -> list[Condition]:
    return _equals(view, params, "customer", "customer", "customer")


def subscriptions(view: View, params: Params) -> list[Condition]:
    """Cancelled ones are left out unless asked for, as Stripe does."""
    asked = {"status": params.get("status")} if params.get("status") else None
    shown = (
        _one_of(view, asked, "status", _SUBSCRIPTION_STATUS)
        if asked
        else [(f"NOT {_ENDED}".replace(":now", "?"), (view.now,))]
    )
    return by_customer(view, params) + shown


def invoices(view: View, params: Params) -> list[Condition]:
    conditions = by_customer(view, params) + _equals(view, params, "subscription", "subscription", "subscription")
    if params.get("collection_method") == "send_invoice":
        conditions.append(_NOWHERE)
    return conditions + _one_of(view, params, "status", _INVOICE_STATUS)


def invoice_payments(view: View, params: Params) -> list[Condition]:
    conditions: list[Condition] = []
    invoice = _number(view, params, "invoice", "invoice", "invoice")
    if invoice is not None:
        conditions.append(("n = ?", (invoice,)))
    payment = params.get("payment")
    if isinstance(payment, dict) and payment.get("payment_intent"):
        intent = _number(view, payment, "payment_intent", "payment_intent", "intent")
        row = view.store.get("intent", intent or 0)
        conditions.append(("n = ?", (row["invoice"],)) if row and row["invoice"] else _NOWHERE)
    states = {"open": _INVOICE_STATUS["open"], "paid": _INVOICE_STATUS["paid"], "canceled": "closed_at <= :now"}
    return conditions + _one_of(view, params, "status", states)


def charges(view: View, params: Params) -> list[Condition]:
    intent = _number(view, params, "payment_intent", "payment_intent", "intent")
    return by_customer(view, params) + ([("intent = ?", (intent,))] if intent is not None else [])


def by_charge(view: View, params: Params) -> list[Condition]:
    conditions = _equals(view, params, "charge", "charge", "charge")
    intent = _number(view, params, "payment_intent", "payment_intent", "intent")
    if intent is not None:
        conditions.append(("charge IN (SELECT n FROM charge WHERE intent = ?)", (intent,)))
    return conditions


def movements(view: View, params: Params) -> list[Condition]:
    conditions: list[Condition] = []
    payout = _number(view, params, "payout", "payout", "payout")
    if payout is not None:
        conditions.append(("payout = ?", (payout,)))
    if params.get("type") is not None:
        kinds = [int(kind) for kind, shape in MOVEMENTS.items() if shape.type == params["type"]]
        conditions.append((f"kind IN ({','.join('?' * len(kinds))})", tuple(kinds)))
    if params.get("currency") is not None:
        conditions.append(("currency = ?", (str(params["currency"]).upper(),)))
    if params.get("source") is not None:
        conditions.append(_source(view, str(params["source"])))
    return conditions


def _source(view: View, wanted: str) -> Condition:
    """Movements of an object, found through the object: it knows their numbers."""
    number = view.ids.number(wanted)
    prefix = wanted.partition("_")[0]
    tables = {MOVEMENTS[kind].prefix: table for kind, table in _TABLES.items()}
    row = view.store.get(tables[prefix], number) if prefix in tables and number is not None else None
    if row is None:
        raise missing("source", wanted, param="source")
    names = {"charge": ("bt", "fail_bt"), "dispute": ("bt", "back_bt")}.get(tables[prefix], ("bt",))
    return f"n IN ({','.join('?' * len(names))})", tuple(row[name] for name in names)


_TABLES = {
    Movement.CHARGE: "charge",
    Movement.PAYMENT: "charge",
    Movement.REFUND: "refund",
    Movement.PAYMENT_REFUND: "refund",
    Movement.DISPUTE: "dispute",
    Movement.PAYOUT: "payout",
}


def payouts(view: View, params: Params) -> list[Condition]:
    arrival = [(sql, (value,)) for sql, value in ranged(params, "arrival_date", "arrival")]
    return arrival + _one_of(view, params, "status", _PAYOUT_STATUS)


def events(view: View, params: Params) -> list[Condition]:
    """The last 30 days; `type` takes a trailing `*` as Stripe does (`charge.*`)."""
    conditions: list[Condition] = [("created >= ?", (view.now - EVENT_RETENTION_DAYS * DAY,))]
    wanted = params.get("types") or ([params["type"]] if params.get("type") else None)
    if wanted:
        numbers = tuple(number for name, number in EVENT_NUMBER.items() if any(_fits(name, item) for item in wanted))
        conditions.append((f"type IN ({','.join('?' * len(numbers))})", numbers))
    return conditions


def _fits(name: str, wanted: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted
