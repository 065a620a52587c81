"""The signature under a run: a second person of Finance, on whole inputs, with a reason above the limit."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import exists, select

from services import approvals, audit
from services.core import events
from services.core.canonical_json import digest
from services.core.db import UnitOfWork
from services.core.locks import take_turn
from services.core.permissions import Permission
from services.reconciliation import periods, results
from services.reconciliation.asking import SIGN_OFF, last_reason
from services.reconciliation.errors import NotSecondPerson, ReasonMissing, RunNotFound, SignatureRefused
from services.reconciliation.fold import open_now
from services.reconciliation.models import ReconciliationRun, Signature
from services.reconciliation.policy import REASON_LENGTH, deviation_ppm, is_second_person, reason_suffices
from services.reconciliation.queries import view_of_signature
from services.reconciliation.views import SignatureView, SigningView, StandingView, TotalView, VerificationView
from services.reconciliation.vocabulary import Span


class Obstacle(StrEnum):
    """What stands between a run and a signature, in the order it is looked for."""

    SIGNED = "signed"
    NOT_NEWEST = "not_newest"
    INPUT_GAPS = "input_gaps"
    NO_RIGHT = "no_right"
    STARTED_BY_YOU = "started_by_you"


_SENTENCES = {
    Obstacle.SIGNED: "This run is signed already.",
    Obstacle.NOT_NEWEST: "A newer run of the same day exists; sign that one.",
    Obstacle.INPUT_GAPS: "An input file does not balance or has a gap. Import what is missing and run again.",
}


@dataclass(frozen=True, slots=True)
class Case:
    """A run with what decides over its signature."""

    run: ReconciliationRun
    signature: Signature | None
    newest: bool
    standing: tuple[StandingView, ...]

    @property
    def deviation_ppm(self) -> int:
        return max((row.counting_ppm for row in self.standing), default=0)

    @property
    def over_limit(self) -> bool:
        return self.deviation_ppm > self.run.limit_ppm

    @property
    def opened(self) -> list[dict[str, Any]]:
        """What is open at this moment, in canonical JSON values."""
        return [{"currency": r.currency, "breaks": r.breaks, "minor": r.open_minor} for r in self.standing]

    @property
    def has_gaps(self) -> bool:
        return any(feed["problems"] for feed in self.run.inputs.values())


def signing_of(uow: UnitOfWork, *, run_id: uuid.UUID) -> SigningView:
    """Whether the actor may sign the run, what stands against it, and what is still open. Raises RunNotFound."""
    case = case_of(uow, run_id, Permission.RECONCILIATION_READ)
    obstacle = _obstacle(uow, case)
    return SigningView(
        may_sign=obstacle is None,
        obstacle=obstacle.value if obstacle else None,
        needs_reason=case.over_limit,
        deviation_ppm=case.deviation_ppm,
        limit_ppm=case.run.limit_ppm,
        standing=case.standing,
        signature=view_of_signature(case.signature),
    )


def sign_off(uow: UnitOfWork, *, run_id: uuid.UUID, reason: str | None = None) -> SignatureView | None:
    """Puts the actor's name under a finished run, freezes its totals and digest, and closes its day.

    It is an approval asked for by the one who started the run, so the policy of `reconciliation.sign_off` says who
    has to agree; None is returned while it wants further people. Refused: for the starter (NotSecondPerson, and by
    the database itself), for a run that is signed, that is not the newest of its day, or whose inputs have gaps
    (SignatureRefused), and, while what is open is above the limit, without a reason of at least eight characters.
    """
    uow.actor.require(Permission.RECONCILIATION_SIGN)
    case = _locked_case(uow, run_id)
    _refuse(uow, case, reason)
    approvals.sign_at_once(
        uow,
        kind=SIGN_OFF.name,
        subject_type="reconciliation_run",
        subject_id=run_id,
        entity_id=case.run.entity_id,
        content=content_of(uow, case),
        facts=approvals.ApprovalFacts(rows=case.run.breaks),
        requested_by=approvals.Requester(case.run.started_by, case.run.started_by_name),
        reason=reason,
    )
    return view_of_signature(uow.session.get(Signature, run_id, populate_existing=True))


def sign_approved(uow: UnitOfWork, request: approvals.RequestView) -> None:
    """Writes the signature that has been agreed to, in the last voter's transaction."""
    uow.actor.require(Permission.RECONCILIATION_SIGN)
    case = _locked_case(uow, uuid.UUID(request.subject_id))
    reason = last_reason(uow, request.id)
    _refuse(uow, case, reason)
    content = content_of(uow, case)
    approvals.consume(uow, request_id=request.id, content=content)
    statement = content | {
        "started_by": str(case.run.started_by),
        "signed_by": str(uow.actor.id),
        "signed_at": uow.clock.now().isoformat(),
        "reason": reason.strip() if reason else None,
    }
    row = Signature(
        run_id=case.run.id,
        started_by=case.run.started_by,
        signed_by=uow.actor.id,
        signed_by_name=uow.actor.name,
        signed_at=dt.datetime.fromisoformat(statement["signed_at"]),
        over_limit=case.over_limit,
        reason=statement["reason"],
        statement=statement,
        digest=digest(statement),
        request_id=request.id,
    )
    uow.session.add(row)
    uow.session.flush()
    periods.close_day(uow, run=case.run, request_id=request.id, opened=case.opened)
    _announce(uow, case.run, row)


def _locked_case(uow: UnitOfWork, run_id: uuid.UUID) -> Case:
    case = case_of(uow, run_id, Permission.RECONCILIATION_SIGN)
    take_turn(uow.session, f"reconciliation/{case.run.definition}/{case.run.entity_id}")
    return case_of(uow, run_id, Permission.RECONCILIATION_SIGN)


def verify_signature(uow: UnitOfWork, *, run_id: uuid.UUID) -> VerificationView:
    """Computes everything a signature stands for again from the rows. Raises RunNotFound, also for an unsigned run."""
    case = case_of(uow, run_id, Permission.RECONCILIATION_READ)
    signature = case.signature
    if signature is None:
        raise RunNotFound("This run carries no signature that could be verified.", run_id=str(run_id))
    totals = results.kept_totals(uow.session.connection(), run_id)
    content = results.content_again(uow.session.connection(), case.run)
    checks = {
        "statement": digest(signature.statement) == signature.digest,
        "content": content == case.run.digest == signature.statement["content"],
        "findings": _findings_hold(uow, case.run, signature.statement),
        "totals": signature.statement["totals"] == [results.total_document(row) for row in totals],
        "second_person": is_second_person(case.run.started_by, signature.signed_by)
        and signature.statement["signed_by"] == str(signature.signed_by),
    }
    return VerificationView(all(checks.values()), checks, signature.digest)


def _findings_hold(uow: UnitOfWork, run: ReconciliationRun, statement: dict[str, Any]) -> bool:
    """Signatures of before runs had a fingerprint hold their findings in the content itself."""
    if run.fingerprint is None:
        return True
    return statement["findings"] == results.findings_digest(uow.session.connection(), run)


def case_of(uow: UnitOfWork, run_id: uuid.UUID, permission: Permission) -> Case:
    scope = uow.actor.scope(permission)
    run = uow.session.scalar(
        select(ReconciliationRun).where(ReconciliationRun.id == run_id, scope.allows(ReconciliationRun.entity_id))
    )
    if run is None:
        raise RunNotFound("There is no such reconciliation in the entities you may see.", run_id=str(run_id))
    newer = select(
        exists().where(
            ReconciliationRun.entity_id == run.entity_id,
            ReconciliationRun.definition == run.definition,
            ReconciliationRun.through == run.through,
            ReconciliationRun.seq > run.seq,
        )
    )
    signature = uow.session.get(Signature, run_id, populate_existing=True)
    return Case(run, signature, not uow.session.scalar(newer), _standing(uow, run))


def _standing(uow: UnitOfWork, run: ReconciliationRun) -> tuple[StandingView, ...]:
    whole = {row.currency: row for row in results.kept_totals(uow.session.connection(), run.id) if row.span is Span.ALL}
    return tuple(_stands(row, whole.get(row.currency)) for row in open_now(uow.session.connection(), run))


def _stands(row: Any, total: TotalView | None) -> StandingView:
    known = total is not None and not total.one_sided
    own, swapped = int(row.minor or 0), int(row.swapped or 0)
    left = total.left_minor if total else 0
    counting = deviation_ppm(own + swapped * known, left)
    return StandingView(row.currency, int(row.breaks), own + swapped, deviation_ppm(own + swapped, left), counting)


def _obstacle(uow: UnitOfWork, case: Case) -> Obstacle | None:
    if case.signature is not None:
        return Obstacle.SIGNED
    if not case.newest:
        return Obstacle.NOT_NEWEST
    if not uow.actor.may(Permission.RECONCILIATION_SIGN, case.run.entity_id):
        return Obstacle.NO_RIGHT
    if not is_second_person(case.run.started_by, uow.actor.id):
        return Obstacle.STARTED_BY_YOU
    return Obstacle.INPUT_GAPS if case.has_gaps else None


def _refuse(uow: UnitOfWork, case: Case, reason: str | None) -> None:
    obstacle = _obstacle(uow, case)
    if obstacle is Obstacle.STARTED_BY_YOU:
        raise NotSecondPerson(
            "You started this run, so somebody else of Finance has to sign it.",
            permission=Permission.RECONCILIATION_SIGN.value,
        )
    if obstacle is not None:
        raise SignatureRefused(_SENTENCES[obstacle], why=obstacle.value)
    if case.over_limit and not reason_suffices(reason):
        raise ReasonMissing(
            "The open differences are above the limit; say in at least "
            f"{REASON_LENGTH} characters why the day can be signed all the same.",
            deviation_ppm=case.deviation_ppm,
            limit_ppm=case.run.limit_ppm,
        )


def content_of(uow: UnitOfWork, case: Case) -> dict[str, Any]:
    """What is signed, in canonical JSON values: the run's content, and what is still open at this moment."""
    run = case.run
    return {
        "run": str(run.id),
        "definition": run.definition,
        "entity": str(run.entity_id),
        "through": run.through.isoformat(),
        "days": [run.through.isoformat()] * 2,
        "rule_version": run.rule_version,
        "content": run.digest,
        "findings": results.findings_digest(uow.session.connection(), run),
        "totals": [results.total_document(row) for row in results.kept_totals(uow.session.connection(), run.id)],
        "open": case.opened,
        "deviation_ppm": case.deviation_ppm,
        "limit_ppm": run.limit_ppm,
        "inputs": run.inputs,
    }


def _announce(uow: UnitOfWork, run: ReconciliationRun, row: Signature) -> None:
    facts = {
        "definition": run.definition,
        "through": run.through.isoformat(),
        "content": run.digest,
        "digest": row.digest,
        "over_limit": row.over_limit,
        "started_by": run.started_by_name,
    }
    audit.record(
        uow,
        action="reconciliation.run.signed",
        subject_type="reconciliation_run",
        subject_id=run.id,
        entity_id=run.entity_id,
        after=facts,
        reason=row.reason,
    )
    events.emit(
        uow,
        events.DomainEvent("reconciliation.run_signed", "reconciliation_run", str(run.id), run.entity_id, facts),
    )
