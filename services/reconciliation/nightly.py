"""The nightly report to Finance: green, or which deviations, what changed, the oldest breaks, who has them."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from services import audit, identity, notifications
from services.core import media
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.break_filter import BreakFilter
from services.reconciliation.breaks import list_breaks
from services.reconciliation.models import ReconciliationRun
from services.reconciliation.queries import newest_runs, totals_of
from services.reconciliation.rendering import report_as_workbook
from services.reconciliation.report_letter import report_letter
from services.reconciliation.report_pdf import report_as_pdf
from services.reconciliation.views_report import NightlyReport, ReportLine
from services.reconciliation.vocabulary import UNRESOLVED, BackfillDone, Span

_OLDEST = 15
_FORMS = {"pdf": (media.PDF, report_as_pdf), "xlsx": (media.XLSX, report_as_workbook)}


def nightly_report(uow: UnitOfWork) -> NightlyReport:
    """The state after the last run of every definition in the actor's entities."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    entities = {item.id: item for item in identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ)}
    lines = []
    for run in newest_runs(uow):
        before = _run_before(uow, run.seq, run.entity_id, run.definition.value)
        totals = [total for total in totals_of(uow, run_id=run.id) if total.span is Span.ALL]
        lines.append(
            ReportLine(
                run.definition,
                entities[run.entity_id].name,
                run,
                before.deviation_ppm if before else None,
                before.breaks if before else None,
                tuple(totals),
                before.class_counts if before else None,
            )
        )
    oldest = list_breaks(uow, filter=BreakFilter(states=UNRESOLVED), sort="age", limit=_OLDEST).rows
    names = {identifier: entity.name for identifier, entity in entities.items()}
    return NightlyReport(uow.clock.now(), tuple(lines), oldest, names)


def send_report(uow: UnitOfWork, *, after: BackfillDone | None = None) -> int:
    """Writes the report to everybody who may sign, in their language; returns how many were written.

    Once a day for the night, and once for each backfill it follows (`after`), whose columns, end and result it names.
    """
    uow.actor.require(Permission.RECONCILIATION_RUN)
    report, files = nightly_report(uow), dict[str, tuple[notifications.Attachment, ...]]()
    occasion = f"{after.name}/{after.finished_at.isoformat()}" if after else "night"
    sent = 0
    for person in identity.holders(uow, permission=Permission.RECONCILIATION_SIGN, entity_id=None):
        key = f"reconciliation.report/{report.day}/{occasion}/{person.id}"
        if person.locale not in files:
            files[person.locale] = attached(report, person.locale, after)
        written = notifications.send(
            uow,
            recipient=person.email,
            letter=report_letter(report, person.locale, after, whole=bool(files[person.locale])),
            purpose="reconciliation.report",
            dedup_key=key,
            attachments=files[person.locale],
        )
        sent += written is not None
    audit.record(
        uow,
        action="reconciliation.report.sent",
        subject_type="reconciliation_report",
        subject_id=report.day.isoformat(),
        after={"letters": sent, "green": report.green, "after": after.name if after else None},
    )
    return sent


def attached(
    report: NightlyReport, locale: str, after: BackfillDone | None = None
) -> tuple[notifications.Attachment, ...]:
    """The report as PDF and as workbook; none where they are too large for a mail, which then says where they are."""
    both = tuple(report_file(report, form, locale=locale, after=after) for form in _FORMS)
    return both if sum(len(one.content) for one in both) <= notifications.LARGEST_ATTACHMENTS else ()


def report_file(
    report: NightlyReport, form: str, *, locale: str, after: BackfillDone | None = None
) -> notifications.Attachment:
    """The report as `pdf` or `xlsx`, under the name it has in mails and downloads."""
    media_type, render = _FORMS[form]
    content = render(report, locale=locale, after=after)
    return notifications.Attachment(f"reconciliation-{report.day.isoformat()}.{form}", media_type, content)


def _run_before(uow: UnitOfWork, seq: int, entity_id: object, definition: str) -> ReconciliationRun | None:
    """The last run up to an earlier day."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    run = uow.session.scalar(select(ReconciliationRun).where(ReconciliationRun.seq == seq))
    latest: dt.date | None = run.through if run else None
    return uow.session.scalar(
        select(ReconciliationRun)
        .where(
            scope.allows(ReconciliationRun.entity_id),
            ReconciliationRun.entity_id == entity_id,
            ReconciliationRun.definition == definition,
            ReconciliationRun.through < latest,
        )
        .order_by(ReconciliationRun.seq.desc())
        .limit(1)
    )
