"""What may be said in a definition's rules: every parameter with its bounds, and the order in which rules are tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.core.errors import Invalid
from services.reconciliation.vocabulary import Definition


@dataclass(frozen=True, slots=True)
class Parameter:
    """A whole number with its bounds and what holds when a version of before does not name it."""

    name: str
    low: int
    high: int
    default: int


@dataclass(frozen=True, slots=True)
class Choice:
    """An ordered list of rules out of those there are; a rule that is not named is not tried."""

    name: str
    options: tuple[str, ...]
    default: tuple[str, ...]


_SHARED = (
    Parameter("write_off_alone_minor", 0, 100_000_000, 10_000),
    Parameter("similarity_percent", 60, 100, 80),
    Parameter("margin_percent", 1, 40, 10),
    Parameter("window_days", 0, 60, 7),
    Parameter("batch_size", 2, 8, 6),
)
PARAMETERS: Mapping[Definition, tuple[Parameter, ...]] = {
    Definition.SETTLEMENT: (
        Parameter("timing_days", 0, 60, 3),
        Parameter("timing_business_days", 0, 1, 0),
        Parameter("check_references", 0, 1, 0),
        Parameter("amount_tolerance_minor", 0, 100_000, 0),
        Parameter("amount_tolerance_ppm", 0, 50_000, 0),
        Parameter("net_of_fee", 0, 1, 0),
        Parameter("fx_tolerance_ppm", 0, 50_000, 0),
        Parameter("expected_days", 0, 30, 0),
        *_SHARED,
    ),
    Definition.PAYOUTS: (Parameter("arrival_days", 0, 30, 0), *_SHARED),
}
ORDERS: Mapping[Definition, Choice] = {
    Definition.SETTLEMENT: Choice("order", ("S-70", "S-80", "S-90", "S-91", "S-95"), ()),
    Definition.PAYOUTS: Choice("order", ("P-10", "P-50", "P-30", "P-40"), ("P-10", "P-50", "P-30", "P-40")),
}


def complete(definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a version with the defaults for what it does not name."""
    whole: dict[str, Any] = {item.name: int(given.get(item.name, item.default)) for item in PARAMETERS[definition]}
    order = ORDERS[definition]
    return whole | {order.name: list(given.get(order.name, order.default))}


def check(definition: Definition, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a draft, complete. Raises Invalid for an unknown one or one out of its bounds."""
    order = ORDERS[definition]
    known = {item.name for item in PARAMETERS[definition]} | {order.name}
    if strange := sorted(given.keys() - known):
        raise Invalid(f"These rules know no “{strange[0]}”.", name=strange[0])
    try:
        whole = complete(definition, given)
    except (TypeError, ValueError) as error:
        raise Invalid("A parameter of a rule is a whole number.") from error
    for item in PARAMETERS[definition]:
        if not item.low <= whole[item.name] <= item.high:
            raise Invalid(f"{item.name} lies between {item.low} and {item.high}.", name=item.name)
    chosen = whole[order.name]
    if len(set(chosen)) != len(chosen) or not set(chosen) <= set(order.options):
        raise Invalid(f"The order names each rule at most once, out of {', '.join(order.options)}.")
    return whole


def is_keyed_only(parameters: Mapping[str, Any]) -> bool:
    """Whether entries are compared by their key alone, so that a change of one key cannot touch another."""
    extras = ("amount_tolerance_minor", "amount_tolerance_ppm", "net_of_fee", "fx_tolerance_ppm")
    return not parameters.get("order") and not any(parameters.get(name) for name in extras)
