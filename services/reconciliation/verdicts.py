"""What each rule said of a break, with the figures it went by: tolerances, rates, what was left, who came second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.core.money import Money, exponent
from services.reconciliation.exchange import Rate
from services.reconciliation.pairing import plain
from services.reconciliation.views import CandidateView, EntryView, RuleVerdict
from services.reconciliation.vocabulary import Rule
from services.reconciliation.workdays import BusinessCalendar

_PAIRED = (Rule.CURRENCY, Rule.AMOUNT, Rule.FEE, Rule.STATUS, Rule.TIMING)
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the rules went by: their parameters, the entity's business days, the rate between both currencies,
    and how many sets of entries add up to one that stands alone."""

    parameters: Mapping[str, Any]
    calendar: BusinessCalendar
    rate: Rate | None = None
    sets: int = 0


def of_settlement(
    left: EntryView | None, right: EntryView | None, bounds: Bounds, candidates: Sequence[CandidateView]
) -> list[RuleVerdict]:
    """Of a pair every rule by its precedence; of an entry that stands alone, why no rule took it."""
    if left is None or right is None:
        skipped = [RuleVerdict(rule, "skipped") for rule in _PAIRED]
        return [RuleVerdict(Rule.KEY, "failed"), *skipped, *_of_what_is_left(left or right, bounds, candidates)]
    return [
        RuleVerdict(Rule.KEY, "passed", left.ext_key, right.ext_key),
        *(_exchange(left, right, bounds) if left.currency != right.currency else _amounts(left, right, bounds)),
        _fee(left, right),
        _verdict(Rule.STATUS, left.status == right.status, left.status, right.status),
        _timing(left, right, bounds),
        *_references(left, right, bounds),
    ]


def of_payout(left: EntryView, right: EntryView) -> list[RuleVerdict]:
    """Of a payout and the line that names it."""
    return [
        RuleVerdict(Rule.REFERENCE, "passed", left.reference, right.reference),
        _verdict(Rule.CURRENCY, left.currency == right.currency, left.currency, right.currency),
        _amount(left, right),
    ]


def of_lone_payout(
    payout: EntryView | None, line: EntryView | None, bounds: Bounds, candidates: Sequence[CandidateView]
) -> list[RuleVerdict]:
    """Of a payout without a line, or a line without a payout."""
    collective = bool(line and line.batch_ref)
    return [
        _nearest_reference(payout or line, candidates),
        _likest(Rule.MANGLED_REFERENCE, "reference", bounds, candidates),
        RuleVerdict(Rule.BATCH, "failed" if collective else "skipped"),
        _equal_amounts(Rule.AMOUNT_WINDOW, bounds, candidates),
    ]


def worth(minor: int, left: str, right: str, rate: Rate) -> int:
    """What an amount in `left` is worth in minor units of `right`, rounded half away from zero, as the engine does."""
    units, of = 10 ** exponent(right), 10 ** exponent(left)
    value = Decimal(minor) * rate.rate * units / of if rate.base == left else Decimal(minor) * units / (rate.rate * of)
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def _verdict(rule: Rule, passed: bool, left: str, right: str) -> RuleVerdict:
    return RuleVerdict(rule, "passed" if passed else "failed", left, right)


def _amount(left: EntryView, right: EntryView) -> RuleVerdict:
    return _verdict(Rule.AMOUNT, left.minor == right.minor, str(left.minor), str(right.minor))


def _exchange(left: EntryView, right: EntryView, bounds: Bounds) -> list[RuleVerdict]:
    """Two currencies: what the left amount is worth by the merchant's own rate, and what is left between them."""
    currency = RuleVerdict(Rule.CURRENCY, "failed", left.currency, right.currency)
    allowed, rate = bounds.parameters["fx_tolerance_ppm"], bounds.rate
    pair = {"left": left.currency, "right": right.currency}
    if not allowed:
        exchanged = RuleVerdict(Rule.EXCHANGED, "skipped")
    elif rate is None:
        exchanged = RuleVerdict(Rule.EXCHANGED, "failed", said="no_rate", figures=pair)
    else:
        value = worth(left.minor, left.currency, right.currency, rate)
        apart = value - right.minor
        within = abs(apart) * _MILLION <= abs(right.minor) * allowed
        exchanged = RuleVerdict(
            Rule.EXCHANGED,
            "passed" if within else "failed",
            said="exchanged",
            figures={
                "rate": f"{rate.base}/{rate.quote} {rate.rate.normalize():f}",
                "day": rate.day,
                "worth": Money(value, right.currency),
                "apart": Money(apart, right.currency),
                "allowed": Money(abs(right.minor) * allowed // _MILLION, right.currency),
            },
        )
    return [currency, exchanged, RuleVerdict(Rule.AMOUNT, "skipped")]


def _amounts(left: EntryView, right: EntryView, bounds: Bounds) -> list[RuleVerdict]:
    """One currency: equal to the minor unit, else within the tolerance or net of the provider's fee."""
    said = [RuleVerdict(Rule.CURRENCY, "passed", left.currency, right.currency), _amount(left, right)]
    absolute, relative = (bounds.parameters[f"amount_tolerance_{unit}"] for unit in ("minor", "ppm"))
    net = bounds.parameters["net_of_fee"]
    if left.minor == right.minor or not (absolute or relative or net):
        return said
    apart, allowed = left.minor - right.minor, max(absolute, abs(left.minor) * relative // _MILLION)
    of_fee = bool(net and right.fee_minor is not None and left.minor == right.minor - right.fee_minor)
    figures = {"apart": Money(apart, left.currency), "allowed": Money(allowed, left.currency)}
    name = "net_of_fee" if of_fee else "not_net" if net else "tolerance"
    outcome = "passed" if of_fee or abs(apart) <= allowed else "failed"
    return [*said, RuleVerdict(Rule.TOLERATED, outcome, said=name, figures=figures)]


def _fee(left: EntryView, right: EntryView) -> RuleVerdict:
    if left.fee_minor is None or right.fee_minor is None or left.currency != right.currency:
        return RuleVerdict(Rule.FEE, "skipped")
    return _verdict(Rule.FEE, left.fee_minor == right.fee_minor, str(left.fee_minor), str(right.fee_minor))


def _timing(left: EntryView, right: EntryView, bounds: Bounds) -> RuleVerdict:
    """Apart by more hours than the days allowed; where days of rest are forgiven, by more business days."""
    most = bounds.parameters["timing_days"]
    apart = abs(left.occurred_at - right.occurred_at)
    late, days, name = apart.total_seconds() > most * 86_400, apart.days, "days"
    if late and bounds.parameters["timing_business_days"]:
        days, name = bounds.calendar.instants_apart(left.occurred_at, right.occurred_at), "business_days"
        late = days > most
    figures = {"count": days, "most": most}
    times = (left.occurred_at.isoformat(), right.occurred_at.isoformat())
    return RuleVerdict(Rule.TIMING, "failed" if late else "passed", *times, said=name, figures=figures)


def _references(left: EntryView, right: EntryView, bounds: Bounds) -> list[RuleVerdict]:
    if not (bounds.parameters["check_references"] and left.reference and right.reference):
        return []
    equal = plain(left.reference) == plain(right.reference)
    return [_verdict(Rule.SAME_REFERENCE, equal, left.reference, right.reference)]


def _of_what_is_left(mine: EntryView | None, bounds: Bounds, candidates: Sequence[CandidateView]) -> list[RuleVerdict]:
    """The rules for what the key left over, in the order the rule set names them."""
    said = {
        Rule.PLAIN_KEY: lambda: RuleVerdict(Rule.PLAIN_KEY, "failed"),
        Rule.SIMILAR_KEY: lambda: _likest(Rule.SIMILAR_KEY, "key", bounds, candidates),
        Rule.BATCH_SUM: lambda: RuleVerdict(Rule.BATCH_SUM, "failed" if mine and mine.batch_ref else "skipped"),
        Rule.COVERING_SET: lambda: RuleVerdict(
            Rule.COVERING_SET, "failed", said="sets", figures={"count": bounds.sets}
        ),
        Rule.LONE_AMOUNT: lambda: _equal_amounts(Rule.LONE_AMOUNT, bounds, candidates),
    }
    return [said[Rule(name)]() for name in bounds.parameters["order"]]


def _likest(rule: Rule, mark: str, bounds: Bounds, candidates: Sequence[CandidateView]) -> RuleVerdict:
    """The likest entry of the same amount and who came second, beside what the rule wants of them."""
    among = sorted((one for one in candidates if "amount" in one.agrees), key=lambda one: -one.alike)
    if not among:
        return RuleVerdict(rule, "failed", said=f"no_{mark}")
    wanted = {"wanted": bounds.parameters["similarity_percent"], "lead": bounds.parameters["margin_percent"]}
    figures: dict[str, Any] = wanted | {"first": among[0].key, "alike": among[0].alike}
    if len(among) == 1:
        return RuleVerdict(rule, "failed", said="likest", figures=figures)
    return RuleVerdict(
        rule, "failed", said="second", figures=figures | {"second": among[1].key, "behind": among[1].alike}
    )


def _nearest_reference(mine: EntryView | None, candidates: Sequence[CandidateView]) -> RuleVerdict:
    """The one open entry whose reference is likest, and what lies between both amounts.

    Nothing is said where several are equally like: none of them is the one that should have been named.
    """
    if mine is None:
        return RuleVerdict(Rule.REFERENCE, "failed")
    if not candidates:
        return RuleVerdict(Rule.REFERENCE, "failed", said="none_near")
    alike = max(one.alike for one in candidates)
    nearest = [one for one in candidates if one.alike == alike]
    if len(nearest) > 1:
        return RuleVerdict(Rule.REFERENCE, "failed")
    between = Money(abs(abs(mine.minor) - nearest[0].minor), mine.currency)
    figures = {"first": nearest[0].key, "alike": alike, "between": between}
    return RuleVerdict(Rule.REFERENCE, "failed", said="nearest" if between.minor else "nearest_equal", figures=figures)


def _equal_amounts(rule: Rule, bounds: Bounds, candidates: Sequence[CandidateView]) -> RuleVerdict:
    """How many entries of the same amount are near enough in days; only one alone would have been taken."""
    window = bounds.parameters["window_days"]
    near = [one for one in candidates if "amount" in one.agrees and one.days <= window]
    return RuleVerdict(rule, "failed", said="equal_amounts", figures={"count": len(near), "days": window})
