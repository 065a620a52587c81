"""One entry split over several groups, which never use more than there is of it."""

from __future__ import annotations

import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.identity import Role
from services.reconciliation import (
    BreakFilter,
    Definition,
    RunView,
    SourceKind,
    groups_of,
    list_breaks,
    match_by_hand,
    reconcile,
    take_apart,
)
from tests.factories.identity import a_user, acting_as, an_entity
from tests.factories.reconciliation import Row, at_morning, load

ADA = "ada@example.com"


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    a_user(uow, Role.FINANCE, email=ADA)
    entity = an_entity(uow)
    load(uow, entity, SourceKind.BOOKS, [Row("deposit", 900)])
    load(uow, entity, SourceKind.STRIPE, [Row("one", 400), Row("two", 300)])
    return entity


def _run(uow: UnitOfWork, entity: uuid.UUID) -> RunView:
    return reconcile(acting_as(at_morning(uow), ADA), definition=Definition.SETTLEMENT, entity_id=entity)


def _standing(uow: UnitOfWork) -> dict[str, tuple[int, int]]:
    """Key → number and what of it stands open."""
    rows = uow.session.execute(
        text("SELECT subject_key, number, abs(delta_minor) FROM recon_break WHERE closed_seq IS NULL")
    )
    return {key: (number, minor) for key, number, minor in rows}


def _split(uow: UnitOfWork, other: str, minor: int) -> uuid.UUID:
    standing = _standing(uow)
    deposit = standing["deposit"][0]
    ada = acting_as(at_morning(uow), ADA)
    numbers = [deposit, standing[other][0]]
    return match_by_hand(ada, numbers=numbers, reason="Two customers, one deposit", parts={deposit: minor})


def test_the_rest_of_a_split_entry_stays_open_under_its_number_until_it_is_used(uow: UnitOfWork, entity: uuid.UUID):
    assert _run(uow, entity).breaks == 3
    number = _standing(uow)["deposit"][0]
    _split(uow, "one", 400)
    assert _run(uow, entity).breaks == 2
    assert _standing(uow)["deposit"] == (number, 500)
    _split(uow, "two", 300)
    run = _run(uow, entity)
    assert _standing(uow) == {"deposit": (number, 200)}
    assert [group.rule for group in groups_of(uow, run_id=run.id)] == ["M-10", "M-10"]
    assert uow.session.execute(
        text("SELECT amount_minor, allocated_minor FROM recon_allocation WHERE ext_key = 'deposit'")
    ).all() == [(900, 700)]
    first = next(group for group in groups_of(uow, run_id=run.id))
    take_apart(acting_as(at_morning(uow), ADA), match_id=first.id, reason="The wrong customer")
    _run(uow, entity)
    assert sum(minor for _, minor in _standing(uow).values()) > 200


def test_no_part_is_larger_than_what_stands(uow: UnitOfWork, entity: uuid.UUID):
    _run(uow, entity)
    with pytest.raises(Invalid):
        _split(uow, "one", 901)
    _split(uow, "one", 400)
    _run(uow, entity)
    with pytest.raises(Invalid):
        _split(uow, "two", 501)


def test_the_database_refuses_to_use_more_than_the_entry(uow: UnitOfWork, entity: uuid.UUID):
    _run(uow, entity)
    _split(uow, "one", 400)
    _run(uow, entity)
    assert list_breaks(uow, filter=BreakFilter()).total
    insert = text(
        "WITH made AS (INSERT INTO recon_match (entity_id, definition, fingerprint, rule, confidence_percent, why, "
        "first_seq) VALUES (:entity, 'settlement', 'x', 'M-10', 100, 'x', 1) RETURNING id) "
        "INSERT INTO recon_match_member (match_id, side, source_id, ext_key, occurrence, amount_minor, currency, "
        "allocated_minor) SELECT made.id, 'left', m.source_id, m.ext_key, 0, 900, 'EUR', 501 "
        "FROM made, recon_match_member m WHERE m.ext_key = 'deposit'"
    )
    with pytest.raises(IntegrityError, match="never_above_the_entry"), uow.session.begin_nested():
        uow.session.execute(insert, {"entity": entity})
