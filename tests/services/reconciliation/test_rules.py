"""Rules beyond the key, their versions, and what people decide themselves."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from sqlalchemy import text

from services import approvals
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Invalid
from services.core.money import Money
from services.identity import Role
from services.reconciliation import (
    BreakFilter,
    Definition,
    Resolution,
    RunView,
    SourceKind,
    backtest,
    break_report,
    groups_of,
    list_breaks,
    match_by_hand,
    reconcile,
    request_publication,
    resolve_break,
    rule_book,
    save_draft,
    take_apart,
    write_off_terms,
)
from tests.factories.identity import a_user, acting_as, an_entity
from tests.factories.reconciliation import DAY, Row, at_morning, load

ADA, BEN = "ada@example.com", "ben@example.com"
_AGREE = approvals.Decision.APPROVE


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    for email in (ADA, BEN):
        a_user(uow, Role.FINANCE, email=email)
    return an_entity(uow)


def _as(uow: UnitOfWork, email: str) -> UnitOfWork:
    return acting_as(at_morning(uow), email)


def _rules(uow: UnitOfWork, **parameters: Any) -> None:
    """New parameters for settlement, as if published."""
    uow.session.execute(
        text(
            "INSERT INTO recon_rule_set (definition, version, parameters) "
            "SELECT 'settlement', max(version) + 1, CAST(:p AS jsonb) FROM recon_rule_set "
            "WHERE definition = 'settlement'"
        ),
        {"p": json.dumps({"timing_days": 3} | parameters)},
    )
    uow.session.execute(
        text(
            "UPDATE recon_definition SET rule_version = (SELECT max(version) FROM recon_rule_set "
            "WHERE definition = 'settlement') WHERE code = 'settlement'"
        )
    )
    uow.session.expire_all()


def _run(uow: UnitOfWork, entity: uuid.UUID, left: list[Row], right: list[Row]) -> RunView:
    load(uow, entity, SourceKind.BOOKS, left)
    load(uow, entity, SourceKind.STRIPE, right)
    return reconcile(_as(uow, ADA), definition=Definition.SETTLEMENT, entity_id=entity)


@pytest.mark.parametrize(
    ("parameters", "left", "right", "rule"),
    [
        ({"amount_tolerance_minor": 5}, [Row("a:charge", 100)], [Row("a:charge", 103)], "S-35"),
        ({"amount_tolerance_ppm": 10_000}, [Row("a:charge", 10_000)], [Row("a:charge", 10_090)], "S-35"),
        ({"net_of_fee": 1}, [Row("a:charge", 970, fee=30)], [Row("a:charge", 1_000, fee=30)], "S-35"),
        ({"order": ["S-70"]}, [Row("CH-12 34:charge", 500)], [Row("ch_1234:charge", 500)], "S-70"),
        ({"order": ["S-80"]}, [Row("ch_abcdefgh:charge", 500)], [Row("ch_abcdefgx:charge", 500)], "S-80"),
        (
            {"order": ["S-90"]},
            [Row("deposit", 900)],
            [Row("p1:charge", 400, batch="po_1"), Row("p2:charge", 500, batch="po_1")],
            "S-90",
        ),
        (
            {"order": ["S-90"]},
            [Row("x1", 300, batch="b"), Row("x2", 600, batch="b")],
            [Row("y1", 450, batch="b"), Row("y2", 450, batch="b")],
            "S-90",
        ),
        ({"order": ["S-91"]}, [Row("sum", 900)], [Row("m", 400), Row("n", 500), Row("o", 77)], "S-91"),
        ({"order": ["S-95"]}, [Row("left", 1_234)], [Row("right", 1_234)], "S-95"),
    ],
)
def test_each_rule_takes_what_is_surely_a_pair(
    uow: UnitOfWork, entity: uuid.UUID, parameters: dict[str, Any], left: list[Row], right: list[Row], rule: str
):
    _rules(uow, **parameters)
    run = _run(uow, entity, left, right)
    (group,) = groups_of(uow, run_id=run.id)
    assert (group.rule, run.rule_counts[rule]) == (rule, 1)
    allocated = uow.session.scalars(text("SELECT abs(allocated_minor) <= abs(amount_minor) FROM recon_match_member"))
    assert all(allocated)


def test_an_ambiguous_one_goes_to_a_person(uow: UnitOfWork, entity: uuid.UUID):
    _rules(uow, order=["S-80", "S-91", "S-95"])
    run = _run(uow, entity, [Row("one", 500)], [Row("two", 500), Row("three", 500)])
    assert (groups_of(uow, run_id=run.id), run.breaks) == ([], 3)


def test_amounts_in_two_currencies_match_by_the_own_rates_and_keep_the_rest(uow: UnitOfWork, entity: uuid.UUID):
    uow.session.execute(text("INSERT INTO recon_fx_rate VALUES ('EUR', 'CHF', :day, 0.95)"), {"day": DAY})
    _rules(uow, fx_tolerance_ppm=10_000)
    left = [Row("good:charge", 10_000), Row("bad:charge", 10_000)]
    right = [Row("good:charge", 9_520, "CHF"), Row("bad:charge", 9_900, "CHF")]
    run = _run(uow, entity, left, right)
    (group,) = groups_of(uow, run_id=run.id)
    assert (group.rule, group.why) == ("S-25", f"exchanged at EUR/CHF 0.95 of {DAY}, -20 minor units apart")
    assert run.class_counts == {"fx": 1}


def test_a_match_by_hand_holds_in_later_runs_and_can_be_taken_back(uow: UnitOfWork, entity: uuid.UUID):
    ada = _as(uow, ADA)
    _run(uow, entity, [Row("mine", 500)], [Row("theirs", 480)])
    numbers = [row.number for row in list_breaks(uow, filter=BreakFilter()).rows]
    with pytest.raises(Conflict):
        match_by_hand(ada, numbers=numbers, reason="The bank kept a fee")
    match_by_hand(ada, numbers=numbers, reason="The bank kept a fee", force=True)
    run = reconcile(ada, definition=Definition.SETTLEMENT, entity_id=entity)
    (group,) = groups_of(uow, run_id=run.id)
    assert (group.rule, run.breaks, run.closed_breaks) == ("M-10", 0, 2)
    assert set(uow.session.scalars(text("SELECT explained_by FROM recon_break"))) == {"grouped"}
    take_apart(ada, match_id=group.id, reason="It was not their fee")
    assert reconcile(ada, definition=Definition.SETTLEMENT, entity_id=entity).breaks == 2


def test_a_group_taken_apart_stays_apart(uow: UnitOfWork, entity: uuid.UUID):
    _rules(uow, order=["S-95"])
    run = _run(uow, entity, [Row("left", 1_234)], [Row("right", 1_234)])
    (group,) = groups_of(uow, run_id=run.id)
    take_apart(_as(uow, ADA), match_id=group.id, reason="Two different customers")
    again = reconcile(_as(uow, ADA), definition=Definition.SETTLEMENT, entity_id=entity)
    assert (groups_of(uow, run_id=again.id), again.breaks) == ([], 2)


def test_new_rules_are_tried_and_agreed_to_before_they_hold(uow: UnitOfWork, entity: uuid.UUID):
    ada = _as(uow, ADA)
    _run(uow, entity, [Row("a:charge", 100)], [Row("a:charge", 103)])
    with pytest.raises(Invalid):
        save_draft(
            ada, definition=Definition.SETTLEMENT, version=0, parameters={"timing_days": 900}, note="Far too long"
        )
    draft = {"timing_days": 3, "amount_tolerance_minor": 5}
    save_draft(ada, definition=Definition.SETTLEMENT, version=0, parameters=draft, note="Cents do not matter")
    with pytest.raises(Conflict):
        request_publication(ada, definition=Definition.SETTLEMENT)
    tried = backtest(ada, definition=Definition.SETTLEMENT)
    assert (tried.runs, tried.more, tried.fewer_by_class) == (1, 0, {"amount": 1})
    request_id = request_publication(ada, definition=Definition.SETTLEMENT)
    assert rule_book(ada, definition=Definition.SETTLEMENT).request_id == request_id
    asked = approvals.request_detail(ada, request_id=request_id).request
    approvals.vote(_as(uow, BEN), request_id=request_id, digest=asked.digest, decision=_AGREE)
    book = rule_book(ada, definition=Definition.SETTLEMENT)
    assert (book.version, book.draft, book.parameters["amount_tolerance_minor"]) == (2, None, 5)
    run = reconcile(ada, definition=Definition.SETTLEMENT, entity_id=entity)
    assert (run.rule_version, run.breaks) == (2, 0)


def test_a_write_off_above_the_threshold_waits_for_a_second_person(uow: UnitOfWork, entity: uuid.UUID):
    ada = _as(uow, ADA)
    _run(uow, entity, [Row("big:charge", 50_000)], [])
    (row,) = list_breaks(uow, filter=BreakFilter()).rows
    (terms,) = write_off_terms(ada, numbers=[row.number])
    assert (terms.alone, terms.amount, terms.above) == (Money(10_000, "EUR"), Money(50_000, "EUR"), True)
    assert terms.agreeing is not None
    assert terms.agreeing.quorum == {approvals.Team.FINANCE: 1}
    assert break_report(ada, name=row.name).terms == terms
    resolve_break(ada, number=row.number, version=1, resolution=Resolution.ACCEPTED, reason="Customer is bankrupt")
    assert write_off_terms(ada, numbers=[row.number]) == (), "proposed already, so there is nothing to say beforehand"
    (row,) = list_breaks(uow, filter=BreakFilter()).rows
    assert row.state == "proposed"
    (asked,) = approvals.requests(ada, filter=approvals.RequestFilter(box=approvals.Box.MINE)).requests
    with pytest.raises(approvals.OwnRequest):
        approvals.vote(ada, request_id=asked.id, digest=asked.digest, decision=_AGREE)
    approvals.vote(_as(uow, BEN), request_id=asked.id, digest=asked.digest, decision=_AGREE)
    (row,) = list_breaks(uow, filter=BreakFilter()).rows
    assert (row.state, row.resolution) == ("resolved", "accepted")


def test_up_to_the_threshold_nobody_else_is_named(uow: UnitOfWork, entity: uuid.UUID):
    ada = _as(uow, ADA)
    _run(uow, entity, [Row("small:charge", 10_000)], [])
    (row,) = list_breaks(uow, filter=BreakFilter()).rows
    (terms,) = write_off_terms(ada, numbers=[row.number])
    assert (terms.above, terms.agreeing) == (False, None)
    resolve_break(ada, number=row.number, version=1, resolution=Resolution.ACCEPTED, reason="Customer is bankrupt")
    assert list_breaks(uow, filter=BreakFilter()).rows[0].state == "resolved"
