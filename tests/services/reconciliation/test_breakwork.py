"""People working on a break."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text

from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid
from services.identity import Role
from services.reconciliation import (
    BreakFilter,
    BreakState,
    Definition,
    Resolution,
    SourceKind,
    assign_break,
    break_by_number,
    comment_on_break,
    evidence_of,
    list_breaks,
    reconcile,
    reopen_break,
    resolve_break,
)
from services.reconciliation.errors import BreakNotFound, ReasonMissing, StaleBreak, StepNotAllowed
from tests.factories.identity import a_user, acting_as, an_entity
from tests.factories.reconciliation import Row, at_morning, load


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    a_user(uow, Role.FINANCE)
    entity = an_entity(uow)
    load(uow, entity, SourceKind.BOOKS, [Row("ch_1aXb:charge", 500), Row("ch_2:charge", 700, fee=30)])
    load(uow, entity, SourceKind.STRIPE, [Row("ch_1abX:charge", 500), Row("ch_2:charge", 700, fee=31)])
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    return entity


@pytest.fixture
def finance(uow: UnitOfWork, entity: uuid.UUID) -> UnitOfWork:
    return acting_as(at_morning(uow))


@pytest.fixture
def number(uow: UnitOfWork, entity: uuid.UUID) -> int:
    return uow.session.scalar(text("SELECT number FROM recon_break WHERE break_class = 'missing_right'")) or 0


def test_comment_assign_resolve_reopen_are_in_story_and_audit(finance: UnitOfWork, number: int):
    comment_on_break(finance, number=number, body="The key looks mistyped.")
    version = assign_break(finance, number=number, version=1, person_id=finance.actor.id)
    assert break_by_number(finance, number=number).state is BreakState.IN_WORK
    version = resolve_break(
        finance, number=number, version=version, resolution=Resolution.BOOKS_CORRECTED, reason="Corrected in the books"
    )
    reopen_break(finance, number=number, version=version, reason="The correction was undone")
    told = {line.kind for line in evidence_of(finance, number=number).story}
    assert told == {"opened", "comment", "assigned", "resolved", "reopened"}
    actions = finance.session.scalars(
        text("SELECT action FROM audit_entry WHERE subject_type = 'reconciliation_break' ORDER BY id")
    ).all()
    assert actions == [f"reconciliation.break.{verb}" for verb in ("commented", "assigned", "resolved", "reopened")]


def test_a_stale_write_is_a_conflict_that_shows_what_changed(finance: UnitOfWork, number: int):
    assign_break(finance, number=number, version=1, person_id=finance.actor.id)
    with pytest.raises(StaleBreak) as refused:
        resolve_break(finance, number=number, version=1, resolution=Resolution.ACCEPTED, reason="Looks right to me")
    assert refused.value.data["changed"]["state"] == "in_work"
    assert break_by_number(finance, number=number).state is BreakState.IN_WORK


def test_a_resolution_needs_a_reason_and_a_persons_word(finance: UnitOfWork, number: int):
    with pytest.raises(ReasonMissing):
        resolve_break(finance, number=number, version=1, resolution=Resolution.ACCEPTED, reason="ok")
    with pytest.raises(Invalid):
        resolve_break(finance, number=number, version=1, resolution=Resolution.EXPLAINED, reason="Explained by me")
    with pytest.raises(StepNotAllowed):
        reopen_break(finance, number=number, version=1, reason="It is open anyhow")
    assert break_by_number(finance, number=number).version == 1


def test_others_may_read_but_not_work(uow: UnitOfWork, number: int):
    a_user(uow, Role.AUDITOR, email="audit@example.com")
    auditor = acting_as(at_morning(uow), "audit@example.com")
    assert break_by_number(auditor, number=number).number == number
    with pytest.raises(Forbidden):
        comment_on_break(auditor, number=number, body="I should not")
    assert uow.session.scalar(text("SELECT count(*) FROM recon_comment")) == 0


def test_breaks_of_other_entities_do_not_exist(uow: UnitOfWork, number: int):
    elsewhere = an_entity(uow, code="mh-ch", currency="CHF")
    a_user(uow, Role.FINANCE, entities=[elsewhere], email="cara@example.com")
    cara = acting_as(at_morning(uow), "cara@example.com")
    assert list_breaks(cara, filter=BreakFilter()).total == 0
    with pytest.raises(BreakNotFound):
        comment_on_break(cara, number=number, body="Not mine")


def test_the_work_is_given_only_to_people_who_may_do_it(uow: UnitOfWork, finance: UnitOfWork, number: int):
    ops = a_user(uow, Role.OPS, email="ops@example.com")
    with pytest.raises(Invalid):
        assign_break(finance, number=number, version=1, person_id=ops)


def test_the_evidence_says_which_rule_failed_and_what_comes_near(finance: UnitOfWork, number: int):
    alone = evidence_of(finance, number=number)
    assert [(v.rule, v.outcome) for v in alone.verdicts][:2] == [("S-10", "failed"), ("S-20", "skipped")]
    assert [(c.key, c.agrees) for c in alone.candidates] == [("ch_1abX:charge", ("amount", "key", "day"))]
    fee = finance.session.scalar(text("SELECT number FROM recon_break WHERE break_class = 'fee'")) or 0
    paired = evidence_of(finance, number=fee)
    assert {v.rule: v.outcome for v in paired.verdicts} == {
        "S-10": "passed",
        "S-20": "passed",
        "S-30": "passed",
        "S-40": "failed",
        "S-50": "passed",
        "S-60": "passed",
    }


def test_what_is_resolved_comes_near_nothing(finance: UnitOfWork, number: int):
    [near] = evidence_of(finance, number=number).candidates
    resolve_break(finance, number=near.number, version=1, resolution=Resolution.BOOKS_CORRECTED, reason="Found it")
    assert evidence_of(finance, number=number).candidates == ()


@pytest.mark.parametrize("sort", ["number", "delta", "age", "class", "key"])
def test_the_queue_can_be_filtered_sorted_and_searched(finance: UnitOfWork, number: int, sort: str):
    page = list_breaks(finance, filter=BreakFilter(states=(BreakState.OPEN,)), sort=sort, limit=2)
    assert (page.total, len(page.rows)) == (3, 2)
    found = list_breaks(finance, filter=BreakFilter(text=f"B-{number}"))
    assert [row.number for row in found.rows] == [number]
