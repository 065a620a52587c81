"""Who may sign what, held by the service and by the database itself."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from services.identity import Role
from services.reconciliation import (
    BreakFilter,
    Definition,
    Resolution,
    RunView,
    SourceKind,
    list_breaks,
    reconcile,
    resolve_break,
    sign_off,
    signing_of,
    verify_signature,
)
from services.reconciliation.errors import NotSecondPerson, ReasonMissing, RunNotFound, SignatureRefused
from services.reconciliation.fold import open_now
from services.reconciliation.models import ReconciliationRun
from tests.factories.identity import a_user, acting_as, an_entity
from tests.factories.reconciliation import Row, a_settlement, at_morning, load

ADA, BEN, OPS = "ada@example.com", "ben@example.com", "ops@example.com"


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    for email in (ADA, BEN):
        a_user(uow, Role.FINANCE, email=email)
    a_user(uow, Role.OPS, email=OPS)
    return an_entity(uow)


def _as(uow: UnitOfWork, email: str) -> UnitOfWork:
    return acting_as(at_morning(uow), email)


def _run(uow: UnitOfWork, entity: uuid.UUID, *, wrong_minor: int = 0) -> RunView:
    rows = [Row(f"ch_{n}:charge", 10_000) for n in range(20)]
    load(uow, entity, SourceKind.BOOKS, rows)
    load(uow, entity, SourceKind.STRIPE, [*rows[:-1], Row(rows[-1].key, 10_000 + wrong_minor)])
    return reconcile(_as(uow, ADA), definition=Definition.SETTLEMENT, entity_id=entity)


def test_a_second_person_signs_and_the_signature_verifies(uow: UnitOfWork, entity: uuid.UUID):
    run = _run(uow, entity, wrong_minor=100)
    signature = sign_off(_as(uow, BEN), run_id=run.id)
    assert signature is not None
    assert not signature.over_limit
    assert verify_signature(uow, run_id=run.id).valid
    row = uow.session.execute(
        text("SELECT actor_id, after->>'digest' FROM audit_reading WHERE action = 'reconciliation.run.signed'")
    ).one()
    assert row == (signature.signed_by, signature.digest)


def test_the_starter_may_not_sign(uow: UnitOfWork, entity: uuid.UUID):
    run = _run(uow, entity)
    assert signing_of(_as(uow, ADA), run_id=run.id).obstacle == "started_by_you"
    with pytest.raises(NotSecondPerson):
        sign_off(_as(uow, ADA), run_id=run.id)
    assert signing_of(_as(uow, BEN), run_id=run.id).may_sign


def test_who_has_no_right_may_not_sign(uow: UnitOfWork, entity: uuid.UUID):
    run = _run(uow, entity)
    assert signing_of(_as(uow, OPS), run_id=run.id).obstacle == "no_right"
    with pytest.raises(Forbidden):
        sign_off(_as(uow, OPS), run_id=run.id)


def test_outside_the_own_entities_the_run_does_not_exist(uow: UnitOfWork, entity: uuid.UUID):
    run = _run(uow, entity)
    elsewhere = an_entity(uow, code="mh-ch", currency="CHF")
    a_user(uow, Role.FINANCE, entities=[elsewhere], email="cara@example.com")
    with pytest.raises(RunNotFound):
        sign_off(_as(uow, "cara@example.com"), run_id=run.id)


def test_above_the_limit_a_reason_is_needed(uow: UnitOfWork, entity: uuid.UUID):
    run = _run(uow, entity, wrong_minor=2_001)
    assert run.over_limit
    with pytest.raises(ReasonMissing):
        sign_off(_as(uow, BEN), run_id=run.id, reason="  ok   ")
    signed = sign_off(_as(uow, BEN), run_id=run.id, reason="Known rounding fault")
    assert signed is not None
    assert signed.over_limit


def test_what_was_resolved_no_longer_counts(uow: UnitOfWork, entity: uuid.UUID):
    run = _run(uow, entity, wrong_minor=9_000)
    number, version = uow.session.execute(text("SELECT number, version FROM recon_break")).one()
    resolve_break(
        _as(uow, ADA), number=number, version=version, resolution=Resolution.ACCEPTED, reason="Discount taken late"
    )
    assert not signing_of(_as(uow, BEN), run_id=run.id).needs_reason
    signed = sign_off(_as(uow, BEN), run_id=run.id)
    assert signed is not None
    assert not signed.over_limit


@pytest.mark.parametrize("seed", range(4))
def test_what_is_open_now_is_read_from_the_fold_as_from_the_breaks(uow: UnitOfWork, entity: uuid.UUID, seed: int):
    """Wrong currencies of both signs, breaks that people resolved, and a run that later ones have moved away from."""
    world = a_settlement(seed)
    paid_back = [Row(f"re_{n}:refund", -1_000 - n, "CHF" if n % 2 else "EUR") for n in range(6)]
    load(uow, entity, SourceKind.STRIPE, [*world.right, *paid_back])
    load(uow, entity, SourceKind.BOOKS, [*world.left, *(replace(row, currency="USD") for row in paid_back)])
    first = _open_both_ways(uow, entity)
    finance = _as(uow, ADA)
    for row in list_breaks(finance, filter=BreakFilter()).rows[::3]:
        reason = "Known and accepted"
        resolve_break(finance, number=row.number, version=row.version, resolution=Resolution.ACCEPTED, reason=reason)
    second = _open_both_ways(uow, entity)
    assert sum(row.breaks for row in second) < sum(row.breaks for row in first)
    was = [
        replace(row, minor=row.minor + 7, origin=f"stripe/{row.key}/{seq}") for seq, row in enumerate(world.right, 1)
    ]
    load(uow, entity, SourceKind.STRIPE, was[:9])
    assert _open_both_ways(uow, entity) != second


def _open_both_ways(uow: UnitOfWork, entity: uuid.UUID) -> list[Any]:
    """What every run so far leaves open; asked of the breaks themselves it is the same."""
    reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    connection, rows = uow.session.connection(), []
    for run in uow.session.scalars(select(ReconciliationRun).order_by(ReconciliationRun.seq)):
        unfolded = ReconciliationRun(entity_id=run.entity_id, definition=run.definition, seq=run.seq)
        rows = open_now(connection, run)
        assert rows == open_now(connection, unfolded)
    return rows


def test_only_the_newest_run_of_a_day_and_only_once(uow: UnitOfWork, entity: uuid.UUID):
    first = _run(uow, entity)
    second = reconcile(_as(uow, ADA), definition=Definition.SETTLEMENT, entity_id=entity)
    with pytest.raises(SignatureRefused):
        sign_off(_as(uow, BEN), run_id=first.id)
    sign_off(_as(uow, BEN), run_id=second.id)
    with pytest.raises(SignatureRefused):
        sign_off(_as(uow, BEN), run_id=second.id)


def test_later_work_and_later_runs_leave_the_signature_valid(uow: UnitOfWork, entity: uuid.UUID):
    run = _run(uow, entity, wrong_minor=100)
    sign_off(_as(uow, BEN), run_id=run.id)
    load(uow, entity, SourceKind.STRIPE, [Row("ch_19:charge", 10_000, origin="stripe/ch_19:charge/20")])
    reconcile(_as(uow, BEN), definition=Definition.SETTLEMENT, entity_id=entity)
    assert verify_signature(uow, run_id=run.id).valid


def test_a_tampered_break_breaks_the_signature(uow: UnitOfWork, entity: uuid.UUID):
    run = _run(uow, entity, wrong_minor=100)
    sign_off(_as(uow, BEN), run_id=run.id)
    uow.session.execute(text("UPDATE recon_break SET delta_minor = 0"))
    verification = verify_signature(uow, run_id=run.id)
    assert (verification.valid, verification.checks["content"]) == (False, False)


def _forge(uow: UnitOfWork, run: RunView, **changes: object) -> None:
    values = {
        "run": run.id,
        "started": run.started_by,
        "signed": uuid.uuid4(),
        "over": False,
        "reason": None,
        "digest": "0" * 64,
    } | changes
    with uow.session.begin_nested():
        uow.session.execute(
            text(
                "INSERT INTO recon_signature (run_id, started_by, signed_by, signed_by_name, signed_at, over_limit,"
                " reason, statement, digest)"
                " VALUES (:run, :started, :signed, 'x', now(), :over, :reason, '{}', :digest)"
            ),
            values,
        )


def test_the_database_refuses_the_starter_a_false_starter_and_a_missing_reason(uow: UnitOfWork, entity: uuid.UUID):
    run = _run(uow, entity)
    for changes in (
        {"signed": run.started_by},
        {"started": uuid.uuid4(), "signed": run.started_by},
        {"signed": uuid.UUID(int=0)},
        {"over": True, "reason": "short"},
    ):
        with pytest.raises(IntegrityError):
            _forge(uow, run, **changes)
    assert uow.session.scalar(text("SELECT count(*) FROM recon_signature")) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE recon_run SET breaks = 0",
        "UPDATE recon_run SET started_by = '00000000-0000-0000-0000-000000000000'",
        "DELETE FROM recon_total",
        "UPDATE recon_signature SET reason = 'another'",
        "DELETE FROM recon_signature",
    ],
)
def test_a_signed_run_cannot_be_changed(uow: UnitOfWork, entity: uuid.UUID, statement: str):
    run = _run(uow, entity)
    sign_off(_as(uow, BEN), run_id=run.id)
    with pytest.raises(DBAPIError, match="append-only"), uow.session.begin_nested():
        uow.session.execute(text(statement))
