"""Closed days stay closed: late items move on with a link back, and what was signed can be proven later."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services import approvals
from services.core.clock import FrozenClock
from services.core.db import UnitOfWork
from services.identity import Role
from services.reconciliation import (
    Definition,
    PeriodState,
    PeriodView,
    SourceKind,
    late_items,
    list_periods,
    reconcile,
    request_reopening,
    sign_off,
    sign_period,
    verify_period,
)
from services.reconciliation.errors import NotSecondPerson, SignatureRefused
from tests.factories.identity import a_user, acting_as, an_entity
from tests.factories.reconciliation import DAY, MORNING_AFTER, Row, load

ADA, BEN = "ada@example.com", "ben@example.com"
ROWS = [Row(f"ch_{n}:charge", 1_000) for n in range(5)]
MONTH_END = dt.date(2026, 3, 31)


@pytest.fixture
def entity(uow: UnitOfWork) -> uuid.UUID:
    for email in (ADA, BEN):
        a_user(uow, Role.FINANCE, email=email)
    entity = an_entity(uow)
    for kind in (SourceKind.BOOKS, SourceKind.STRIPE):
        load(uow, entity, kind, ROWS)
    return entity


def _as(uow: UnitOfWork, email: str, days: int = 0) -> UnitOfWork:
    clock = FrozenClock(MORNING_AFTER + dt.timedelta(days=days))
    return acting_as(UnitOfWork(uow.session, uow.actor, clock, uow.request_id), email)


def _period(uow: UnitOfWork, span: str) -> PeriodView:
    return next(item for item in list_periods(uow) if item.span == span)


def _signed_day(uow: UnitOfWork, entity: uuid.UUID) -> PeriodView:
    run = reconcile(_as(uow, ADA), definition=Definition.SETTLEMENT, entity_id=entity)
    assert _period(uow, "day").state is PeriodState.READY
    assert _period(uow, "month").state is PeriodState.OPEN
    sign_off(_as(uow, BEN), run_id=run.id)
    return _period(uow, "day")


def test_a_signature_closes_its_day_and_verifies(uow: UnitOfWork, entity: uuid.UUID):
    period = _signed_day(uow, entity)
    assert (period.state, period.signed_by_name is not None) == (PeriodState.SIGNED_OFF, True)
    assert verify_period(uow, period_id=period.id).valid
    uow.session.execute(text("UPDATE recon_entry SET amount_minor = 1 WHERE ext_key = 'ch_0:charge'"))
    assert not verify_period(uow, period_id=period.id).checks["entries"]


def test_what_comes_late_moves_to_the_next_open_day_with_a_link_back(uow: UnitOfWork, entity: uuid.UUID):
    period = _signed_day(uow, entity)
    late = [Row("late:charge", 700), Row(ROWS[0].key, 900, origin=f"books/{ROWS[0].key}/1")]
    load(uow, entity, SourceKind.BOOKS, late)
    found = {item.ext_key: (item.belongs_to, item.moved_to) for item in late_items(uow)}
    assert found == {"late:charge": (DAY, DAY + dt.timedelta(days=1)), ROWS[0].key: (DAY, None)}
    pages = [late_items(uow, limit=1, offset=offset) for offset in (0, 1, 2)]
    assert [[item.ext_key for item in page] for page in pages] == [["late:charge"], [ROWS[0].key], []]
    assert verify_period(uow, period_id=period.id).valid
    load(uow, entity, SourceKind.BOOKS, [Row("late:charge", 650, origin="books/late:charge/6")])
    moved = uow.session.execute(
        text("SELECT amount_minor, booked_on, late_from FROM recon_entry WHERE ext_key = 'late:charge'")
    ).one()
    assert tuple(moved) == (650, DAY + dt.timedelta(days=1), DAY)


def test_reopening_takes_a_reason_and_a_second_person(uow: UnitOfWork, entity: uuid.UUID):
    period = _signed_day(uow, entity)
    ada = _as(uow, ADA)
    request_id = request_reopening(ada, period_id=period.id, reason="The fee was booked wrongly")
    asked = approvals.request_detail(ada, request_id=request_id).request
    with pytest.raises(approvals.OwnRequest):
        approvals.vote(ada, request_id=request_id, digest=asked.digest, decision=approvals.Decision.APPROVE)
    approvals.vote(_as(uow, BEN), request_id=request_id, digest=asked.digest, decision=approvals.Decision.APPROVE)
    after = _period(uow, "day")
    assert (after.state, after.reopened, after.reopen_reason) == (PeriodState.REOPENED, 1, "The fee was booked wrongly")
    load(uow, entity, SourceKind.BOOKS, [Row(ROWS[0].key, 900, origin=f"books/{ROWS[0].key}/1")])
    assert uow.session.scalar(text("SELECT min(amount_minor) FROM recon_entry")) == 900


def test_a_month_is_ready_at_its_end_and_closed_by_a_second_person(uow: UnitOfWork, entity: uuid.UUID):
    _signed_day(uow, entity)
    with pytest.raises(SignatureRefused):
        sign_period(_as(uow, BEN), period_id=_period(uow, "month").id)
    days = (MONTH_END - DAY).days
    reconcile(_as(uow, ADA, days), definition=Definition.SETTLEMENT, entity_id=entity)
    month = _period(uow, "month")
    assert month.state is PeriodState.READY
    with pytest.raises(NotSecondPerson):
        sign_period(_as(uow, ADA, days), period_id=month.id)
    assert sign_period(_as(uow, BEN, days), period_id=month.id).state is PeriodState.SIGNED_OFF
    assert verify_period(uow, period_id=month.id).valid


def test_the_database_takes_no_signed_period_without_an_approval(uow: UnitOfWork, entity: uuid.UUID):
    reconcile(_as(uow, ADA), definition=Definition.SETTLEMENT, entity_id=entity)
    with pytest.raises(DBAPIError, match="signed_off_is_whole"):
        uow.session.execute(text("UPDATE recon_period SET state = 'signed_off'"))


def test_what_was_opened_again_is_ready_with_the_next_run_and_signed_anew(uow: UnitOfWork, entity: uuid.UUID):
    period = _signed_day(uow, entity)
    ada = _as(uow, ADA)
    request_id = request_reopening(ada, period_id=period.id, reason="The fee was booked wrongly")
    asked = approvals.request_detail(ada, request_id=request_id).request
    approvals.vote(_as(uow, BEN), request_id=request_id, digest=asked.digest, decision=approvals.Decision.APPROVE)
    run = reconcile(_as(uow, ADA, 2), definition=Definition.SETTLEMENT, entity_id=entity)
    again = next(item for item in list_periods(uow) if item.id == period.id)
    assert (again.state, again.run_id, again.reopened) == (PeriodState.READY, run.id, 1)
    assert sign_period(_as(uow, BEN, 2), period_id=period.id).state is PeriodState.SIGNED_OFF


def test_the_month_before_is_there_though_no_run_was_made_on_its_last_day(uow: UnitOfWork, entity: uuid.UUID):
    load(uow, entity, SourceKind.BOOKS, [Row("old:charge", 5, day=dt.date(2026, 2, 20))])
    reconcile(_as(uow, ADA), definition=Definition.SETTLEMENT, entity_id=entity)
    months = {item.first_day: item.state for item in list_periods(uow) if item.span == "month"}
    assert months == {dt.date(2026, 2, 1): PeriodState.READY, dt.date(2026, 3, 1): PeriodState.OPEN}
