"""Why an entry did not match: both sides, every rule's word, what comes near, and the break's story."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rapidfuzz import fuzz
from sqlalchemy import func, select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation import verdicts
from services.reconciliation.breaks import break_by_number
from services.reconciliation.calendars import business_calendar
from services.reconciliation.covering import covering_sets, open_opposite
from services.reconciliation.exchange import Rate, rate_of_day
from services.reconciliation.models import Break, BreakVersion, Comment, Entry, ReconciliationRun, RuleSet, Source
from services.reconciliation.pairing import likeness
from services.reconciliation.rules import complete
from services.reconciliation.verdicts import Bounds
from services.reconciliation.views import (
    BreakView,
    CandidateView,
    EntryView,
    EvidenceView,
    RuleVerdict,
    StoryLine,
)
from services.reconciliation.vocabulary import SIDES, BreakClass, Definition, Rule, SourceKind
from services.reconciliation.workdays import BusinessCalendar

_NEAREST = 3
_LOOKED_AT = 200  # entries of the other side that are scored, nearest amounts first
_ALONE = {BreakClass.MISSING_LEFT, BreakClass.MISSING_RIGHT}


def evidence_of(uow: UnitOfWork, *, number: int) -> EvidenceView:
    """Both sides, the rules' verdicts, the nearest candidates and the story. Raises BreakNotFound."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    found = break_by_number(uow, number=number)
    left_kind, right_kind = SIDES[found.definition]
    left = _entry(uow, found, left_kind, found.left_key)
    right = _entry(uow, found, right_kind, found.right_key)
    calendar = business_calendar(uow, entity_id=found.entity_id)
    candidates = _candidates(uow, found, left or right, calendar) if found.break_class in _ALONE else ()
    parts = int(found.right_value) if _is_wrong_sum(found) and found.right_value else None
    parameters = _parameters(uow, found)
    sets = covering_sets(uow, found, calendar, parameters) if found.break_class in _ALONE else ()
    bounds = Bounds(parameters, calendar, _rate(uow, found, left, right), len(sets))
    said = tuple(_verdicts(found, left, right, bounds, candidates))
    return EvidenceView(left, right, parts, said, candidates[:_NEAREST], sets, tuple(_story(uow, found)))


def _is_wrong_sum(found: BreakView) -> bool:
    """A payout that is not the sum of its transactions has the two sums as its values."""
    return found.definition is Definition.PAYOUTS and found.break_class is BreakClass.AMOUNT and not found.right_key


def _parameters(uow: UnitOfWork, found: BreakView) -> dict[str, Any]:
    """The rules of the run that found the break as it stands last."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    version = uow.session.scalar(
        select(ReconciliationRun.rule_version)
        .where(
            ReconciliationRun.entity_id == found.entity_id,
            ReconciliationRun.definition == found.definition.value,
            scope.allows(ReconciliationRun.entity_id),
        )
        .order_by(ReconciliationRun.seq.desc())
        .limit(1)
    )
    return complete(found.definition, uow.session.get_one(RuleSet, (found.definition.value, version)).parameters)


def _entry(uow: UnitOfWork, found: BreakView, kind: SourceKind, key: str | None) -> EntryView | None:
    if key is None:
        return None
    source = select(Source.id).where(Source.entity_id == found.entity_id, Source.kind == kind.value).scalar_subquery()
    alone = found.left_key is None or found.right_key is None or found.definition is Definition.SETTLEMENT
    occurrence = found.occurrence if alone or key == found.subject_key else 0
    row = uow.session.scalar(
        select(Entry).where(Entry.source_id == source, Entry.ext_key == key, Entry.occurrence == occurrence)
    )
    if row is None:
        return None
    return EntryView(
        row.ext_key,
        row.occurrence,
        row.amount_minor,
        row.currency,
        row.fee_minor,
        row.status,
        row.occurred_at,
        row.booked_on,
        row.reference,
        row.batch_ref,
        row.origin,
        row.account,
        row.late_from,
    )


def _verdicts(
    found: BreakView,
    left: EntryView | None,
    right: EntryView | None,
    bounds: Bounds,
    candidates: tuple[CandidateView, ...],
) -> list[RuleVerdict]:
    if _is_wrong_sum(found):
        return [RuleVerdict(Rule.COMPOSITION, "failed", found.left_value, found.right_value)]
    if found.definition is Definition.SETTLEMENT:
        return verdicts.of_settlement(left, right, bounds, candidates)
    if left is not None and right is not None:
        return verdicts.of_payout(left, right)
    return verdicts.of_lone_payout(left, right, bounds, candidates)


def _rate(uow: UnitOfWork, found: BreakView, left: EntryView | None, right: EntryView | None) -> Rate | None:
    """The rate that the engine goes by for a pair in two currencies."""
    if left is None or right is None or left.currency == right.currency:
        return None
    return rate_of_day(uow, left.currency, right.currency, found.booked_on)


def _candidates(
    uow: UnitOfWork, found: BreakView, mine: EntryView | None, calendar: BusinessCalendar
) -> tuple[CandidateView, ...]:
    """Open entries of the other side in the same currency, the best first."""
    rows = uow.session.scalars(
        open_opposite(found).order_by(func.abs(func.abs(Break.delta_minor) - abs(found.delta_minor))).limit(_LOOKED_AT)
    ).all()
    references = _references(uow, found, rows) if found.definition is Definition.PAYOUTS else {}
    scored = [_candidate(found, row, mine, references.get(row.subject_key), calendar) for row in rows]
    return tuple(sorted((c for c in scored if c.score >= 30), key=lambda c: (-c.score, c.number)))


def _references(uow: UnitOfWork, found: BreakView, rows: Iterable[Break]) -> dict[str, str]:
    kind = SIDES[found.definition][0 if found.break_class is BreakClass.MISSING_LEFT else 1]
    source = select(Source.id).where(Source.entity_id == found.entity_id, Source.kind == kind.value).scalar_subquery()
    keys = [row.subject_key for row in rows]
    found_rows = uow.session.execute(
        select(Entry.ext_key, Entry.reference).where(Entry.source_id == source, Entry.ext_key.in_(keys))
    )
    return {key: reference or "" for key, reference in found_rows}


def _candidate(
    found: BreakView, row: Break, mine: EntryView | None, reference: str | None, calendar: BusinessCalendar
) -> CandidateView:
    days = abs((row.booked_on - found.booked_on).days)
    if mine is not None and mine.reference and reference:
        alike = likeness(*sorted((mine.reference, reference), key=len))
    else:
        alike = int(fuzz.ratio(found.subject_key, row.subject_key))
    name = "reference" if found.definition is Definition.PAYOUTS else "key"
    marks = {
        "amount": abs(row.delta_minor) == abs(found.delta_minor),
        name: alike >= 80,
        "day": days <= 3,
    }
    score = (45 if marks["amount"] else 0) + alike * 35 // 100 + max(0, 20 - 3 * days)
    return CandidateView(
        row.number,
        row.subject_key,
        abs(row.delta_minor),
        row.currency,
        row.booked_on,
        score,
        tuple(mark for mark, good in marks.items() if good),
        tuple(mark for mark, good in marks.items() if not good),
        alike,
        calendar.apart(row.booked_on, found.booked_on),
    )


def _story(uow: UnitOfWork, found: BreakView) -> list[StoryLine]:
    lines = [
        StoryLine(row.written_at, row.kind, row.body, row.author_name)
        for row in uow.session.scalars(select(Comment).where(Comment.number == found.number))
    ]
    turns = {found.first_seq: "opened", found.since_seq: "changed" if found.since_seq != found.first_seq else "opened"}
    for version in uow.session.scalars(select(BreakVersion).where(BreakVersion.number == found.number)):
        turns.setdefault(version.since_seq, "changed")
    if found.closed_seq is not None:
        turns[found.closed_seq] = "closed"
    runs = uow.session.scalars(
        select(ReconciliationRun).where(
            ReconciliationRun.entity_id == found.entity_id, ReconciliationRun.seq.in_(list(turns))
        )
    )
    lines += [
        StoryLine(run.finished_at, turns[run.seq], run.through.isoformat(), run.started_by_name, run.id) for run in runs
    ]
    return sorted(lines, key=lambda line: line.at, reverse=True)
