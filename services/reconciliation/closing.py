"""Signing a month: the newest run that covers it, whole inputs, and somebody other than who started that run."""

from __future__ import annotations

import uuid
from typing import Any

from services import approvals
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation import periods
from services.reconciliation.asking import SIGN_OFF, last_reason
from services.reconciliation.errors import NotSecondPerson, ReasonMissing, SignatureRefused
from services.reconciliation.models_period import Period
from services.reconciliation.policy import REASON_LENGTH, is_second_person, reason_suffices
from services.reconciliation.signing import Case, case_of, content_of
from services.reconciliation.views_period import PeriodView
from services.reconciliation.vocabulary import PeriodState


def sign_period(uow: UnitOfWork, *, period_id: uuid.UUID, reason: str | None = None) -> PeriodView:
    """Signs a day or month off that is ready, by the newest run that covers it, and closes its days for late writes.

    Raises SignatureRefused while it is not ready, NotSecondPerson for the starter of that run, and ReasonMissing
    where what is open is above the limit. The view is still `ready` while the policy wants further people.
    """
    uow.actor.require(Permission.RECONCILIATION_SIGN)
    period = periods.locked_period(uow, period_id)
    case = _case(uow, period)
    _refuse(uow, period, case, reason)
    approvals.sign_at_once(
        uow,
        kind=SIGN_OFF.name,
        subject_type="reconciliation_period",
        subject_id=period.id,
        entity_id=period.entity_id,
        content=_content(uow, period, case),
        facts=approvals.ApprovalFacts(rows=case.run.breaks),
        requested_by=approvals.Requester(case.run.started_by, case.run.started_by_name),
        reason=reason,
    )
    uow.session.refresh(period)
    return periods.view_of_period(period)


def close_approved(uow: UnitOfWork, request: approvals.RequestView) -> None:
    """Closes the period that has been agreed to, in the last voter's transaction."""
    period = periods.locked_period(uow, uuid.UUID(request.subject_id))
    case = _case(uow, period)
    _refuse(uow, period, case, last_reason(uow, request.id))
    approvals.consume(uow, request_id=request.id, content=_content(uow, period, case))
    periods.close(uow, period=period, run=case.run, request_id=request.id, opened=case.opened)


def _case(uow: UnitOfWork, period: Period) -> Case:
    run = periods.newest_run(uow, period)
    if run is None:
        raise SignatureRefused("No run covers this period to its end yet.", why="not_covered")
    return case_of(uow, run.id, Permission.RECONCILIATION_SIGN)


def _content(uow: UnitOfWork, period: Period, case: Case) -> dict[str, Any]:
    days = [period.first_day.isoformat(), period.last_day.isoformat()]
    return content_of(uow, case) | {"days": days, "period": str(period.id)}


def _refuse(uow: UnitOfWork, period: Period, case: Case, reason: str | None) -> None:
    if period.state == PeriodState.SIGNED_OFF:
        raise SignatureRefused("This period is signed off already.", why="signed")
    if case.has_gaps:
        raise SignatureRefused("An input does not balance or has a gap. Import what is missing.", why="input_gaps")
    if not is_second_person(case.run.started_by, uow.actor.id):
        raise NotSecondPerson(
            "You started the run this period stands on, so somebody else of Finance has to sign it.",
            permission=Permission.RECONCILIATION_SIGN.value,
        )
    if case.over_limit and not reason_suffices(reason):
        raise ReasonMissing(
            f"The open differences are above the limit; say in at least {REASON_LENGTH} characters why.",
            deviation_ppm=case.deviation_ppm,
            limit_ppm=case.run.limit_ppm,
        )
