"""Who has to agree to what: rules that can be fulfilled, changed only with approval."""

from __future__ import annotations

import dataclasses
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services import approvals, notifications
from services.approvals import ApprovalFacts, Reached, RequestState, Team, Tier
from services.approvals.policy import check_tiers, seats_of, tier_for, weighed
from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from tests.factories.approvals import ONE, TWO, agree, asked
from tests.services.approvals.conftest import As

TWO_FINANCE = [Tier(quorum={Team.FINANCE: 2}, expires_hours=24)]


def test_a_change_holds_from_its_approval_on(uow: UnitOfWork, as_: As):
    before = asked(as_("Admin"), subject="before")
    request = approvals.propose_policy(as_("Finance A"), kind=ONE.name, base_version=0, tiers=TWO_FINANCE)
    assert asked(as_("Admin"), subject="meanwhile").seats == 1
    assert agree(as_("Finance B"), request).state is RequestState.CONSUMED
    (policy,) = [item for item in approvals.policies(uow) if item.kind == ONE.name]
    assert (policy.version, policy.tiers, policy.changed_by_name) == (1, tuple(TWO_FINANCE), "Finance A")
    assert asked(as_("Admin"), subject="after").seats == 2
    assert approvals.request_detail(uow, request_id=before.id).request.seats == 1


def test_nobody_changes_a_policy_alone_or_without_the_right(as_: As):
    request = approvals.propose_policy(as_("Finance A"), kind=ONE.name, base_version=0, tiers=TWO_FINANCE)
    with pytest.raises(approvals.OwnRequest):
        agree(as_("Finance A"), request)
    with pytest.raises(Forbidden):
        approvals.propose_policy(as_("Ops A"), kind=ONE.name, base_version=0, tiers=TWO_FINANCE)
    with pytest.raises(approvals.StalePolicy):
        approvals.propose_policy(as_("Finance A"), kind=ONE.name, base_version=3, tiers=TWO_FINANCE)


def test_the_request_shows_the_steps_before_and_after(as_: As):
    tiers = [*TWO.tiers[:1], Tier(quorum={Team.FINANCE: 2}, from_amount={"EUR": 50_000}, from_rows=10)]
    request = approvals.propose_policy(as_("Finance A"), kind=TWO.name, base_version=0, tiers=tiers)
    shown = approvals.request_detail(as_("Finance B"), request_id=request.id).description
    said = {change.label.en: (change.before, change.after) for change in shown.changes}
    assert said["Step 2: Finance"] == (1, 2)
    assert said["Step 2: Ops"] == (1, 0)
    assert said["Step 2: holds from"][1].de == "500.00 EUR oder 10 Zeilen"  # pyright: ignore


@pytest.mark.parametrize(
    "tiers",
    [
        [],
        [Tier(quorum={})],
        [Tier(quorum={Team.OPS: 0})],
        [Tier(quorum={Team.OPS: 6})],
        [Tier(quorum={Team.OPS: 2, Team.FINANCE: -1})],
        [Tier(quorum={Team.OPS: 1}, from_rows=5)],
        [Tier(quorum={Team.OPS: 1}), Tier(quorum={Team.OPS: 1})],
        [Tier(quorum={Team.OPS: 1}), Tier(quorum={Team.OPS: 1}, from_amount={"euro": 5})],
        [Tier(quorum={Team.OPS: 1}), Tier(quorum={Team.OPS: 1}, from_amount={"EUR": 0})],
        [Tier(quorum={Team.OPS: 1})] * 6,
    ],
)
def test_a_policy_that_nobody_could_fulfil_is_refused(tiers: list[Tier]):
    with pytest.raises(approvals.BadPolicy):
        check_tiers(tiers)


@given(st.integers(0, 10**9), st.sampled_from(["EUR", "CHF", "JPY"]), st.integers(0, 10**6))
def test_more_risk_never_needs_fewer_people(minor: int, currency: str, rows: int):
    """An amount in a currency the step does not name counts as reaching it."""
    facts = ApprovalFacts(amount_minor=minor, currency=currency, rows=rows)
    reached = minor >= 100_000 or currency != "EUR" or rows >= 1_000
    assert len(seats_of(tier_for(TWO.tiers, facts))) == (2 if reached else 1)


@pytest.mark.parametrize(
    ("amounts", "step", "decides", "why"),
    [
        ({"EUR": 900, "CHF": 20}, 1, "CHF", Reached.AMOUNT),
        ({"EUR": 1_500, "CHF": 20}, 1, "CHF", Reached.AMOUNT),
        ({"EUR": 5_000, "CHF": 10, "JPY": 1}, 1, "JPY", Reached.CURRENCY),
        ({"EUR": 900, "CHF": 1}, 0, "EUR", Reached.ALWAYS),
        ({}, 0, None, Reached.ALWAYS),
    ],
)
def test_of_several_amounts_each_is_judged_by_its_own_threshold(
    amounts: dict[str, int], step: int, decides: str | None, why: Reached
):
    tiers = [Tier(quorum={Team.OPS: 1}), Tier(quorum={Team.OPS: 2}, from_amount={"EUR": 1_000, "CHF": 10})]
    found = weighed(tiers, [ApprovalFacts(minor, currency) for currency, minor in amounts.items()])
    assert (found.tier, found.facts.currency, found.reached) == (tiers[step], decides, why)


def test_who_impersonates_decides_nothing(as_: As):
    request = asked(as_("Finance A"))
    acting = as_("Finance B")
    acting.actor = dataclasses.replace(acting.actor, impersonating="Admin")
    with pytest.raises(Forbidden):
        agree(acting, request)


def test_those_who_could_agree_are_told_and_the_requester_of_the_end(
    uow: UnitOfWork, as_: As, people: dict[str, uuid.UUID]
):
    request = asked(as_("Finance A"))
    told = {letter.recipient for letter in notifications.letters(uow).letters}
    assert told == {f"{name}@example.com" for name in ("finance.b", "finance.c", "both")} | {"#approvals"}
    agree(as_("Finance B"), request)
    last = {(letter.recipient, letter.subject) for letter in notifications.letters(uow, limit=2).letters}
    assert last == {("finance.a@example.com", "Approved: Do it"), ("#approvals", "Approved: Do it")}
