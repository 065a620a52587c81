"""The nightly report to Finance: green, or which deviations, what changed, the oldest breaks, who has them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select

from services import audit, identity, notifications
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.core.words import Words
from services.reconciliation.breaks import list_breaks
from services.reconciliation.models import ReconciliationRun
from services.reconciliation.queries import newest_runs, totals_of
from services.reconciliation.views import BreakFilter
from services.reconciliation.views_report import NightlyReport, ReportLine
from services.reconciliation.vocabulary import UNRESOLVED, Span

_OLDEST = 15
_GREEN = Words("Reconciliation {day}: all green", "Abgleich {day}: alles grün")
_RED = Words("Reconciliation {day}: {count} above the limit", "Abgleich {day}: {count} über der Grenze")
_NONE = Words("No reconciliation has finished yet", "Noch kein Abgleich ist fertig")
_LINE = Words(
    "{deviation} % of {limit} %; {breaks} breaks, {new} new, {closed} closed",
    "{deviation} % von {limit} %; {breaks} Klärfälle, {new} neu, {closed} geschlossen",
)
_OLD = Words("{age} business days, {who}", "{age} Werktage, {who}")
_NOBODY = Words("nobody has it", "niemand hat ihn")
_SAID = Words(
    "What every definition found in the last run, what changed since the one before, and the oldest open breaks.",
    "Was jede Definition im letzten Lauf fand, was sich seit dem vorigen änderte, und die ältesten offenen Klärfälle.",
)
_ALSO = Words(
    "As PDF: /reconciliation/report.pdf, as a workbook: /reconciliation/report.xlsx",
    "Als PDF: /reconciliation/report.pdf, als Tabelle: /reconciliation/report.xlsx",
)
_LOOK = Words("Open the report", "Bericht öffnen")


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
            )
        )
    oldest = list_breaks(uow, filter=BreakFilter(states=UNRESOLVED), sort="age", limit=_OLDEST).rows
    names = {identifier: entity.name for identifier, entity in entities.items()}
    return NightlyReport(uow.clock.now(), tuple(lines), oldest, names)


def send_report(uow: UnitOfWork, *, after: str | None = None) -> int:
    """Writes the report to everybody who may sign, in their language, once a day; returns how many were written.

    `after` says what it follows besides the night: a backfill's number and what it changed.
    """
    uow.actor.require(Permission.RECONCILIATION_RUN)
    report = nightly_report(uow)
    sent = 0
    for person in identity.holders(uow, permission=Permission.RECONCILIATION_SIGN, entity_id=None):
        key = f"reconciliation.report/{report.day}/{after or 'night'}/{person.id}"
        letter = _letter(report, person.locale, after)
        sent += (
            notifications.send(
                uow, recipient=person.email, letter=letter, purpose="reconciliation.report", dedup_key=key
            )
            is not None
        )
    audit.record(
        uow,
        action="reconciliation.report.sent",
        subject_type="reconciliation_report",
        subject_id=report.day.isoformat(),
        after={"letters": sent, "green": report.green, "after": after},
    )
    return sent


def _letter(report: NightlyReport, locale: str, after: str | None) -> notifications.Letter:
    above = sum(line.run.over_limit for line in report.lines)
    subject = _NONE if not report.lines else _RED if above else _GREEN
    facts = [(f"{line.entity}, {line.definition.value}", _told(line, locale)) for line in report.lines]
    facts += [
        (item.name, _OLD.of(locale, age=item.age, who=item.assigned_name or _NOBODY.of(locale)))
        for item in report.oldest[:5]
    ]
    return notifications.Letter(
        subject=subject.of(locale, day=report.day.isoformat(), count=above),
        paragraphs=tuple(filter(None, (after, _SAID.of(locale), _ALSO.of(locale)))),
        facts=tuple(facts),
        action=(_LOOK.of(locale), "/reconciliation"),
        locale=locale,
    )


def _told(line: ReportLine, locale: str) -> str:
    run = line.run
    return _LINE.of(
        locale,
        deviation=f"{run.deviation_ppm / 10_000:.2f}",
        limit=f"{run.limit_ppm / 10_000:.2f}",
        breaks=run.breaks,
        new=run.new_breaks,
        closed=run.closed_breaks,
    )


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


def worst_first(lines: Sequence[ReportLine]) -> list[ReportLine]:
    """What needs a person stands first."""
    return sorted(lines, key=lambda line: -line.run.deviation_ppm)
