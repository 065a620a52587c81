"""Periods: days and months that are closed by a signature, stay closed for late writes, and can be proven later."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import select, text, update

from services import approvals, audit, bank, books
from services.core.canonical_json import digest
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation import results
from services.reconciliation.asking import REOPEN
from services.reconciliation.errors import PeriodNotFound, ReasonMissing, StepNotAllowed
from services.reconciliation.models import ReconciliationRun, Source
from services.reconciliation.models_period import Period
from services.reconciliation.policy import REASON_LENGTH, reason_suffices
from services.reconciliation.views_period import PeriodProof, PeriodView
from services.reconciliation.vocabulary import SIDES, Definition, PeriodSpan, PeriodState, SourceKind
from services.reconciliation.workdays import month_of

# One digest a day and side, so that no day's text outgrows a server's memory.
_ENTRIES = """
SELECT s.kind, e.booked_on, count(*) AS entries, encode(sha256(convert_to(string_agg(concat_ws('|', ext_key, occurrence,
       amount_minor, currency, coalesce(fee_minor::varchar, '-'), status,
       to_char(occurred_at AT TIME ZONE 'UTC', 'YYYYMMDDHH24MISSUS'), booked_on),
       E'\\n' ORDER BY ext_key, occurrence), 'UTF8')), 'hex') AS digest
FROM recon_entry e JOIN recon_source s ON s.id = e.source_id
WHERE s.entity_id = :entity AND s.kind = ANY(:kinds) AND e.booked_on BETWEEN :first AND :last
GROUP BY s.kind, e.booked_on ORDER BY s.kind, e.booked_on
"""
_SUMS = """
SELECT s.kind, t.currency, sum(t.entries) AS entries, sum(t.amount_minor) AS minor
FROM recon_entry_total t JOIN recon_source s ON s.id = t.source_id
WHERE s.entity_id = :entity AND s.kind = ANY(:kinds) AND t.booked_on BETWEEN :first AND :last
GROUP BY s.kind, t.currency HAVING sum(t.entries) > 0 ORDER BY s.kind, t.currency
"""
# The month before only once it has entries. Written out, since the library puts an upsert together anew each time.
_NOTE_RUN = """
INSERT INTO recon_period (id, definition, entity_id, span, first_day, last_day, state, run_id)
SELECT CASE span WHEN 'day' THEN CAST(:run AS uuid) ELSE gen_random_uuid() END, CAST(:definition AS varchar), :entity,
       span, first_day, last_day, CASE WHEN :whole AND last_day <= :through THEN 'ready' ELSE 'open' END, :run
FROM (VALUES ('day', CAST(:through AS date), CAST(:through AS date)),
             ('month', CAST(:first AS date), CAST(:last AS date)),
             ('month', CAST(:former_first AS date), CAST(:former_last AS date))) spans (span, first_day, last_day)
WHERE first_day <> :former_first OR EXISTS (
    SELECT FROM recon_entry_total t JOIN recon_source s ON s.id = t.source_id
    WHERE s.entity_id = :entity AND s.kind = ANY(:kinds) AND t.booked_on BETWEEN :former_first AND :former_last)
ON CONFLICT (entity_id, definition, span, first_day) DO UPDATE SET state = excluded.state, run_id = excluded.run_id
WHERE recon_period.state <> 'signed_off'
"""


def note_run(uow: UnitOfWork, run: ReconciliationRun) -> None:
    """A finished run makes its day ready, and every month that has ended; holes in its inputs keep them open.

    What was open or opened again and ended before the run is ready again by it. The month before is there from its
    first entry on, also when no run was made on its last day. A period that is signed off stays as it is.
    """
    whole = not any(feed["problems"] for feed in run.inputs.values())
    first, last = month_of(run.through)
    former_first, former_last = month_of(first - dt.timedelta(days=1))
    values = {
        "run": run.id,
        "definition": run.definition,
        "entity": run.entity_id,
        "through": run.through,
        "whole": whole,
        "kinds": [kind.value for kind in SIDES[Definition(run.definition)]],
        "first": first,
        "last": last,
        "former_first": former_first,
        "former_last": former_last,
    }
    uow.session.execute(text(_NOTE_RUN), values)
    if whole:
        _make_ready(uow, run)


def _make_ready(uow: UnitOfWork, run: ReconciliationRun) -> None:
    """Periods that ended before the run and are not signed stand on it now."""
    uow.session.execute(
        update(Period)
        .where(
            Period.entity_id == run.entity_id,
            Period.definition == run.definition,
            Period.last_day <= run.through,
            Period.state.in_([PeriodState.OPEN.value, PeriodState.REOPENED.value]),
        )
        .values(state=PeriodState.READY.value, run_id=run.id)
    )


def close_day(uow: UnitOfWork, *, run: ReconciliationRun, request_id: uuid.UUID, opened: list[dict[str, Any]]) -> None:
    """The signature under a run closes its day; `opened` is what it leaves open."""
    uow.actor.require(Permission.RECONCILIATION_SIGN, run.entity_id)
    period = uow.session.scalar(
        select(Period).where(
            Period.entity_id == run.entity_id,
            Period.definition == run.definition,
            Period.span == PeriodSpan.DAY,
            Period.first_day == run.through,
        )
    )
    if period is None:
        note_run(uow, run)
        return close_day(uow, run=run, request_id=request_id, opened=opened)
    close(uow, period=period, run=run, request_id=request_id, opened=opened)
    return None


def close(
    uow: UnitOfWork, *, period: Period, run: ReconciliationRun, request_id: uuid.UUID, opened: list[dict[str, Any]]
) -> None:
    """Signs the period off with the digest of its entries on both sides, of the files they came from, and of what
    the run matched and left open."""
    period.statement = statement_of(uow, period, run) | {"open": opened}
    period.digest = digest(period.statement)
    period.state, period.run_id, period.request_id = PeriodState.SIGNED_OFF.value, run.id, request_id
    period.signed_at, period.signed_by, period.signed_by_name = uow.clock.now(), uow.actor.id, uow.actor.name
    uow.session.flush()
    _audit(uow, period, "signed_off", after={"digest": period.digest, "run": str(run.id)})


def statement_of(uow: UnitOfWork, period: Period, run: ReconciliationRun) -> dict[str, Any]:
    """What a closed period stands for, in canonical JSON values."""
    totals = uow.session.execute(text(_SUMS), _values(period)).all()
    return {
        "definition": period.definition,
        "entity": str(period.entity_id),
        "days": [period.first_day.isoformat(), period.last_day.isoformat()],
        "run": str(run.id),
        "through": run.through.isoformat(),
        "rule_version": run.rule_version,
        "content": run.digest,
        "findings": results.findings_digest(uow.session.connection(), run),
        "totals": [[row.kind, row.currency, int(row.entries), int(row.minor)] for row in totals],
        "entries": _entries(uow, period),
        "files": _files(uow, period),
    }


def verify_period(uow: UnitOfWork, *, period_id: uuid.UUID) -> PeriodProof:
    """Computes what a closed period stands for again, check by check. Raises PeriodNotFound, also for an open one."""
    period = _period(uow, period_id, Permission.RECONCILIATION_READ)
    signed = period.statement
    if signed is None or period.run_id is None:
        raise PeriodNotFound("This period was never signed off, so there is nothing to verify.")
    run = uow.session.get_one(ReconciliationRun, period.run_id)
    files = set(map(tuple, _files(uow, period)))
    totals = uow.session.execute(text(_SUMS), _values(period)).all()
    checks = {
        "statement": digest(signed) == period.digest,
        "entries": signed["entries"] == _entries(uow, period),
        "totals": signed["totals"] == [[r.kind, r.currency, int(r.entries), int(r.minor)] for r in totals],
        "content": signed["content"] == run.digest == results.content_again(uow.session.connection(), run),
        "findings": signed["findings"] == results.findings_digest(uow.session.connection(), run),
        "files": all(tuple(file) in files for file in signed["files"]),
    }
    return PeriodProof(all(checks.values()), checks, period.digest or "")


def request_reopening(uow: UnitOfWork, *, period_id: uuid.UUID, reason: str) -> uuid.UUID:
    """Asks to open a signed period again, with a reason of at least eight characters; another person agrees."""
    period = _period(uow, period_id, Permission.RECONCILIATION_SIGN)
    if not reason_suffices(reason):
        raise ReasonMissing(f"Say in at least {REASON_LENGTH} characters why the period has to be opened again.")
    if period.state != PeriodState.SIGNED_OFF:
        raise StepNotAllowed("Only a signed period can be opened again.", state=period.state)
    asked = approvals.request(
        uow,
        kind=REOPEN.name,
        subject_type="reconciliation_period",
        subject_id=period.id,
        entity_id=period.entity_id,
        content=_reopening(period, reason.strip()),
    )
    return asked.id


def reopen_approved(uow: UnitOfWork, request: approvals.RequestView) -> None:
    """Opens the period; what was held back of its days is taken in by the next refresh."""
    period = _period(uow, uuid.UUID(request.subject_id), Permission.RECONCILIATION_SIGN)
    approvals.consume(uow, request_id=request.id, content=_reopening(period, request.content["reason"]))
    before = {"state": period.state, "digest": period.digest}
    period.state, period.reopen_reason = PeriodState.REOPENED.value, request.content["reason"]
    period.reopened_at, period.reopened_by_name = uow.clock.now(), uow.actor.name
    period.reopened += 1
    kinds = [kind.value for kind in SIDES[Definition(period.definition)]]
    sources = update(Source).where(Source.entity_id == period.entity_id, Source.kind.in_(kinds))
    uow.session.execute(sources.values(whole=True))
    uow.session.flush()
    _audit(uow, period, "reopened", before=before, after={"state": period.state}, reason=period.reopen_reason)


def view_of_period(row: Period) -> PeriodView:
    return PeriodView(
        row.id,
        Definition(row.definition),
        row.entity_id,
        PeriodSpan(row.span),
        row.first_day,
        row.last_day,
        PeriodState(row.state),
        row.run_id,
        row.signed_by_name,
        row.signed_at,
        row.digest,
        row.reopen_reason,
        row.reopened,
    )


def locked_period(uow: UnitOfWork, period_id: uuid.UUID) -> Period:
    """The period for a signature, locked. Raises PeriodNotFound."""
    period = _period(uow, period_id, Permission.RECONCILIATION_SIGN)
    uow.session.refresh(period, with_for_update=True)
    return period


def newest_run(uow: UnitOfWork, period: Period) -> ReconciliationRun | None:
    """The newest run that covers the period's last day."""
    return uow.session.scalar(
        select(ReconciliationRun)
        .where(
            ReconciliationRun.entity_id == period.entity_id,
            ReconciliationRun.definition == period.definition,
            ReconciliationRun.through >= period.last_day,
        )
        .order_by(ReconciliationRun.seq.desc())
        .limit(1)
    )


def _period(uow: UnitOfWork, period_id: uuid.UUID, permission: Permission) -> Period:
    scope = uow.actor.scope(permission)
    row = uow.session.scalar(select(Period).where(Period.id == period_id, scope.allows(Period.entity_id)))
    if row is None:
        raise PeriodNotFound("There is no such period in the entities you may see.", period_id=str(period_id))
    return row


def _values(period: Period) -> dict[str, Any]:
    kinds = [kind.value for kind in SIDES[Definition(period.definition)]]
    return {"entity": period.entity_id, "kinds": kinds, "first": period.first_day, "last": period.last_day}


def _entries(uow: UnitOfWork, period: Period) -> list[list[Any]]:
    rows = uow.session.execute(text(_ENTRIES), _values(period))
    return [[row.kind, row.booked_on.isoformat(), row.entries, row.digest] for row in rows]


def _files(uow: UnitOfWork, period: Period) -> list[list[str]]:
    """The files of the entity that the sides of the period were read from, by their hashes."""
    read = bank.file_hashes if SourceKind.BANK in SIDES[Definition(period.definition)] else books.file_hashes
    return sorted([name, sha256] for name, sha256 in read(uow, entity_id=period.entity_id))


def _reopening(period: Period, reason: str) -> dict[str, Any]:
    return {
        "period": str(period.id),
        "definition": period.definition,
        "first_day": period.first_day.isoformat(),
        "last_day": period.last_day.isoformat(),
        "digest": period.digest,
        "reason": reason,
    }


def _audit(uow: UnitOfWork, period: Period, verb: str, **more: Any) -> None:
    audit.record(
        uow,
        action=f"reconciliation.period.{verb}",
        subject_type="reconciliation_period",
        subject_id=period.id,
        entity_id=period.entity_id,
        **more,
    )
