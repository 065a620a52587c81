"""Reading: one object, a page of objects, and the objects that `expand` asks for."""

from __future__ import annotations

import sqlite3
from typing import Any

from services.sandbox.api.errors import invalid, missing
from services.sandbox.api.params import Params, limit, ranged, refuse_unknown
from services.sandbox.api.render_billing import payment_method, render_invoice_payments
from services.sandbox.api.render_catalogue import prices, products
from services.sandbox.api.render_payments import render_refunds
from services.sandbox.api.resources import BY_PREFIX, Resource
from services.sandbox.api.view import Json, View, listed

_PAGING = frozenset({"limit", "starting_after", "ending_before", "created", "expand"})
_DEPTH = 4


def page(view: View, resource: Resource, params: Params) -> Json:
    """A page, newest first, by cursor: nothing is skipped or repeated while new objects come in."""
    refuse_unknown(params, _PAGING | resource.params)
    size = limit(params)
    conditions = resource.filter(view, params)
    conditions += [(sql, (value,)) for sql, value in ranged(params, "created", resource.created)]
    conditions.append((f"{resource.created} <= ?", (view.now,)))
    backwards = "ending_before" in params
    if backwards and "starting_after" in params:
        raise invalid("You cannot parameterize both `starting_after` and `ending_before`.", "ending_before")
    for name, sign in (("starting_after", "<"), ("ending_before", ">")):
        if name in params:
            row = _cursor(view, resource, params[name], name)
            conditions.append((f"({resource.created}, n) {sign} (?, ?)", (row[resource.created], row["n"])))
    order = "ASC" if backwards else "DESC"
    rows = view.store.all(
        f"SELECT * FROM {resource.table} WHERE {' AND '.join(sql for sql, _ in conditions)} "  # noqa: S608 - own words
        f"ORDER BY {resource.created} {order}, n {order} LIMIT {size + 1}",
        *(value for _, values in conditions for value in values),
    )
    shown = rows[:size][::-1] if backwards else rows[:size]
    data = resource.render(view, shown) if shown else []
    return listed(data, f"/v1/{resource.path}", has_more=len(rows) > size)


def _cursor(view: View, resource: Resource, wanted: Any, name: str) -> sqlite3.Row:
    row = row_of(view, resource, wanted)
    if row is None:
        raise missing(resource.noun, wanted, param=name)
    return row


def row_of(view: View, resource: Resource, wanted: Any) -> sqlite3.Row | None:
    """The row behind an id, if it exists by now."""
    if not isinstance(wanted, str) or wanted.partition("_")[0] not in resource.prefixes:
        return None
    number = view.ids.number(wanted)
    row = view.store.get(resource.table, number) if number is not None else None
    return row if row is not None and row[resource.created] <= view.now else None


def retrieve(view: View, resource: Resource, wanted: str) -> Json:
    """One object. Raises StripeError 404."""
    row = row_of(view, resource, wanted)
    found = resource.render(view, [row]) if row is not None else []
    if not found or found[0]["id"] != wanted:
        raise missing(resource.noun, wanted)
    return found[0]


def catalogue(view: View, kind: str, params: Params) -> Json:
    """Products or prices: few enough to be made on the spot, paged like everything else."""
    refuse_unknown(params, _PAGING | {"active", "product", "type", "currency"})
    size, items = limit(params), products(view) if kind == "products" else prices(view)
    for name in ("product", "type", "currency"):
        if name in params:
            items = [item for item in items if item.get(name) == params[name]]
    if params.get("active") == "false":
        items = []
    for condition, value in ranged(params, "created", "created"):
        items = [item for item in items if _holds(item["created"], condition.split()[1], value)]
    position = {item["id"]: index for index, item in enumerate(items)}
    first = 0
    if "starting_after" in params:
        if params["starting_after"] not in position:
            raise missing(kind.removesuffix("s"), params["starting_after"], param="starting_after")
        first = position[params["starting_after"]] + 1
    elif "ending_before" in params:
        first = max(0, position.get(params["ending_before"], 0) - size)
        size = min(size, position.get(params["ending_before"], 0))
    return listed(items[first : first + size], f"/v1/{kind}", has_more=len(items) > first + size)


def _holds(left: int, sign: str, right: int) -> bool:
    return {"=": left == right, ">=": left >= right, ">": left > right, "<=": left <= right, "<": left < right}[sign]


def from_catalogue(view: View, kind: str, wanted: str) -> Json:
    for item in products(view) if kind == "products" else prices(view):
        if item["id"] == wanted:
            return item
    raise missing(kind.removesuffix("s"), wanted)


def by_id(view: View, wanted: str) -> Json | None:
    """Any object, found by the prefix of its id; None when it is of a kind that cannot be expanded."""
    prefix = wanted.partition("_")[0]
    if prefix in ("prod", "price"):
        return from_catalogue(view, "products" if prefix == "prod" else "prices", wanted)
    if prefix == "pm":
        row = view.store.get("customer", view.ids.number(wanted) or 0)
        return payment_method(view, row) if row is not None else None
    resource = BY_PREFIX.get(prefix)
    return retrieve(view, resource, wanted) if resource else None


def expand(view: View, body: Json, params: Params) -> Json:
    """Replaces ids by objects along the paths of `expand`; lists are walked through. Raises StripeError 400."""
    wanted = params.get("expand") or []
    for path in [wanted] if isinstance(wanted, str) else wanted:
        names = str(path).split(".")
        if len(names) > _DEPTH + 1:
            raise invalid(f"You cannot expand more than {_DEPTH} levels of a property. Property: {path}", "expand")
        items = body["data"] if names[0] == "data" and body.get("object") == "list" else [body]
        rest = names[1:] if items is not body and names[0] == "data" and body.get("object") == "list" else names
        for item in items:
            _expand(view, item, rest, path)
    return body


def _expand(view: View, item: Json, names: list[str], path: str) -> None:
    name, rest = names[0], names[1:]
    if name not in item:
        item[name] = _included(view, item, name, path)
    value = item[name]
    if isinstance(value, str):
        found = by_id(view, value)
        if found is None:
            raise invalid(f"This property cannot be expanded ({path}).", "expand")
        item[name] = value = found
    if rest:
        inner = value["data"] if isinstance(value, dict) and value.get("object") == "list" else value
        deeper = rest[1:] if inner is not value and rest[0] == "data" else rest
        for child in inner if isinstance(inner, list) else [inner]:
            if child is not None and deeper:
                _expand(view, child, deeper, path)


def _included(view: View, item: Json, name: str, path: str) -> Json:
    """Lists that are only there when asked for: the refunds of a charge, the payments of an invoice."""
    number = view.ids.number(item.get("id", "")) or 0
    if item.get("object") == "charge" and name == "refunds":
        query = "SELECT * FROM refund WHERE charge = ? AND created <= ? ORDER BY created DESC, n DESC"
        rows = view.store.all(query, number, view.now)
        return listed(render_refunds(view, rows), f"/v1/charges/{item['id']}/refunds")
    if item.get("object") == "invoice" and name == "payments":
        rows = view.store.all("SELECT * FROM invoice WHERE n = ? AND finalized_at <= ?", number, view.now)
        return listed(render_invoice_payments(view, rows), "/v1/invoice_payments")
    raise invalid(f"This property cannot be expanded ({path}).", "expand")
