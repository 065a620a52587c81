"""Legal transitions, which tier applies, and what a policy must be. Pure rules."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from services.approvals.errors import BadPolicy
from services.approvals.vocabulary import ApprovalFacts, Reached, RequestState, Standing, Team, Tier
from services.core.canonical_json import digest

REASON_LENGTH = 8
MOST_TIERS = 5
MOST_SEATS = 5
REMIND_PART = 0.25  # a reminder goes out when a quarter of the time is left
OPEN_STATES = (RequestState.PENDING, RequestState.APPROVED)

TRANSITIONS: Mapping[RequestState, frozenset[RequestState]] = MappingProxyType(
    {
        RequestState.PENDING: frozenset(
            {
                RequestState.APPROVED,
                RequestState.REJECTED,
                RequestState.WITHDRAWN,
                RequestState.EXPIRED,
                RequestState.SUPERSEDED,
            }
        ),
        RequestState.APPROVED: frozenset(
            {RequestState.CONSUMED, RequestState.WITHDRAWN, RequestState.EXPIRED, RequestState.SUPERSEDED}
        ),
        RequestState.CONSUMED: frozenset(),
        RequestState.REJECTED: frozenset(),
        RequestState.WITHDRAWN: frozenset(),
        RequestState.EXPIRED: frozenset(),
        RequestState.SUPERSEDED: frozenset(),
    }
)


def may_step(before: RequestState, after: RequestState) -> bool:
    return after in TRANSITIONS[before]


def digest_of(
    *, kind: str, subject_type: str, subject_id: str, entity_id: uuid.UUID | None, content: Mapping[str, Any]
) -> str:
    """What a vote is bound to: SHA-256 of the canonical JSON of what will be done, to what, where."""
    return digest(
        {
            "kind": kind,
            "subject_type": subject_type,
            "subject_id": subject_id,
            "entity": None if entity_id is None else str(entity_id),
            "content": dict(content),
        }
    )


def tier_for(tiers: Sequence[Tier], facts: ApprovalFacts) -> Tier:
    """The last tier whose thresholds the facts reach; the first one always applies."""
    return [tier for number, tier in enumerate(tiers) if number == 0 or reached(tier, facts) is not Reached.ALWAYS][-1]


def weighed(tiers: Sequence[Tier], facts: Sequence[ApprovalFacts]) -> Standing:
    """The highest step that any of the facts reaches: each currency is judged by its own threshold.

    Of several that reach it, a currency without a threshold decides before the one furthest above its own.
    """
    steps = [(tiers.index(tier_for(tiers, one)), one) for one in facts or (ApprovalFacts(),)]
    step, decisive = max(steps, key=lambda one: (one[0], _weight(tiers[one[0]], one[1])))
    return Standing(tiers[step], decisive, reached(tiers[step], decisive))


def reached(tier: Tier, facts: ApprovalFacts) -> Reached:
    """Why the tier holds for the facts; ALWAYS where they reach none of its thresholds."""
    if tier.from_rows is not None and facts.rows is not None and facts.rows >= tier.from_rows:
        return Reached.ROWS
    if not tier.from_amount or facts.amount_minor is None or facts.currency is None:
        return Reached.ALWAYS
    limit = tier.from_amount.get(facts.currency)
    if limit is None:
        return Reached.CURRENCY
    return Reached.AMOUNT if abs(facts.amount_minor) >= limit else Reached.ALWAYS


def _weight(tier: Tier, facts: ApprovalFacts) -> tuple[bool, float]:
    """How far an amount is above its threshold; of a tier that names none, how large it is."""
    amount = abs(facts.amount_minor or 0)
    if not tier.from_amount or facts.currency is None:
        return False, amount
    limit = tier.from_amount.get(facts.currency)
    return limit is None, amount / (limit or 1)


def seats_of(tier: Tier) -> list[Team]:
    """One entry a signature that is needed, in the order Finance, Ops, Dev."""
    return [team for team in Team for _ in range(tier.quorum.get(team, 0))]


def check_tiers(tiers: Sequence[Tier]) -> None:
    """Raises BadPolicy for a policy under which somebody would act alone, or that contradicts itself."""
    if not 1 <= len(tiers) <= MOST_TIERS:
        raise BadPolicy(f"A policy has one to {MOST_TIERS} steps.")
    if tiers[0].from_amount or tiers[0].from_rows is not None:
        raise BadPolicy("The first step holds for everything, so it has no threshold.")
    for number, tier in enumerate(tiers):
        if any(count < 0 for count in tier.quorum.values()) or not 1 <= len(seats_of(tier)) <= MOST_SEATS:
            raise BadPolicy(f"Each step asks for one to {MOST_SEATS} agreements.")
        if number and not tier.from_amount and tier.from_rows is None:
            raise BadPolicy("Each further step needs an amount or a number of rows from which it holds.")
        if any(not re.fullmatch("[A-Z]{3}", currency) for currency in tier.from_amount):
            raise BadPolicy("A currency is written with three capitals, such as EUR.")
        if any(amount < 1 for amount in tier.from_amount.values()):
            raise BadPolicy("A threshold is at least one cent.")


def as_json(tiers: Iterable[Tier]) -> list[dict[str, Any]]:
    """The tiers as canonical JSON values."""
    return [tier.model_dump(mode="json") for tier in tiers]


def from_json(values: Iterable[Mapping[str, Any]]) -> tuple[Tier, ...]:
    return tuple(Tier.model_validate(value) for value in values)
