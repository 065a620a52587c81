"""Why an entry did not match: both sides, every rule's word, what comes near, and the break's story."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from rapidfuzz import fuzz
from sqlalchemy import func, select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.breaks import break_by_number
from services.reconciliation.models import Break, BreakVersion, Comment, Entry, ReconciliationRun, RuleSet, Source
from services.reconciliation.models import Definition as DefinitionRow
from services.reconciliation.pairing import likeness
from services.reconciliation.views import (
    BreakView,
    CandidateView,
    EntryView,
    EvidenceView,
    RuleVerdict,
    StoryLine,
)
from services.reconciliation.vocabulary import SIDES, BreakClass, Definition, Rule, SourceKind

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
    candidates = _candidates(uow, found, left or right) if found.break_class in _ALONE else ()
    parts = int(found.right_value) if _is_wrong_sum(found) and found.right_value else None
    if found.definition is Definition.SETTLEMENT:
        verdicts = _settlement_verdicts(left, right, _parameters(uow, found)["timing_days"])
    else:
        verdicts = _payout_verdicts(found, left, right, candidates)
    return EvidenceView(left, right, parts, tuple(verdicts), candidates[:_NEAREST], tuple(_story(uow, found)))


def _is_wrong_sum(found: BreakView) -> bool:
    """A payout that is not the sum of its transactions has the two sums as its values."""
    return found.definition is Definition.PAYOUTS and found.break_class is BreakClass.AMOUNT and not found.right_key


def _parameters(uow: UnitOfWork, found: BreakView) -> dict[str, int]:
    rules = uow.session.get_one(DefinitionRow, found.definition.value)
    return uow.session.get_one(RuleSet, (found.definition.value, rules.rule_version)).parameters


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


def _settlement_verdicts(left: EntryView | None, right: EntryView | None, days: int) -> list[RuleVerdict]:
    if left is None or right is None:
        rest = (Rule.CURRENCY, Rule.AMOUNT, Rule.FEE, Rule.STATUS, Rule.TIMING)
        return [RuleVerdict(Rule.KEY, "failed"), *(RuleVerdict(rule, "skipped") for rule in rest)]
    late = abs(left.occurred_at - right.occurred_at) <= dt.timedelta(days=days)
    fee_known = left.fee_minor is not None and right.fee_minor is not None
    return [
        RuleVerdict(Rule.KEY, "passed", left.ext_key, right.ext_key),
        _verdict(Rule.CURRENCY, left.currency == right.currency, left.currency, right.currency),
        _verdict(Rule.AMOUNT, left.minor == right.minor, str(left.minor), str(right.minor)),
        _verdict(Rule.FEE, left.fee_minor == right.fee_minor, str(left.fee_minor), str(right.fee_minor))
        if fee_known
        else RuleVerdict(Rule.FEE, "skipped"),
        _verdict(Rule.STATUS, left.status == right.status, left.status, right.status),
        _verdict(Rule.TIMING, late, left.occurred_at.isoformat(), right.occurred_at.isoformat()),
    ]


def _verdict(rule: Rule, passed: bool, left: str, right: str) -> RuleVerdict:
    return RuleVerdict(rule, "passed" if passed else "failed", left, right)


def _payout_verdicts(
    found: BreakView, left: EntryView | None, right: EntryView | None, candidates: tuple[CandidateView, ...]
) -> list[RuleVerdict]:
    if _is_wrong_sum(found):
        return [RuleVerdict(Rule.COMPOSITION, "failed", found.left_value, found.right_value)]
    if left is not None and right is not None:
        return [
            RuleVerdict(Rule.REFERENCE, "passed", left.reference, right.reference),
            _verdict(Rule.CURRENCY, left.currency == right.currency, left.currency, right.currency),
            _verdict(Rule.AMOUNT, left.minor == right.minor, str(left.minor), str(right.minor)),
        ]
    same_amount = [candidate for candidate in candidates if "amount" in candidate.agrees]
    best = max((candidate.score for candidate in candidates if "reference" in candidate.agrees), default=0)
    return [
        RuleVerdict(Rule.REFERENCE, "failed"),
        RuleVerdict(Rule.MANGLED_REFERENCE, "failed", right=str(best)),
        RuleVerdict(Rule.BATCH, "failed" if right and right.batch_ref else "skipped"),
        RuleVerdict(Rule.AMOUNT_WINDOW, "failed", right=str(len(same_amount))),
    ]


def _candidates(uow: UnitOfWork, found: BreakView, mine: EntryView | None) -> tuple[CandidateView, ...]:
    """Open entries of the other side in the same currency, the best first."""
    other = BreakClass.MISSING_RIGHT if found.break_class is BreakClass.MISSING_LEFT else BreakClass.MISSING_LEFT
    rows = uow.session.scalars(
        select(Break)
        .where(
            Break.entity_id == found.entity_id,
            Break.definition == found.definition.value,
            Break.break_class == other.value,
            Break.closed_seq.is_(None),
            Break.currency == found.currency,
        )
        .order_by(func.abs(func.abs(Break.delta_minor) - abs(found.delta_minor)))
        .limit(_LOOKED_AT)
    ).all()
    references = _references(uow, found, rows) if found.definition is Definition.PAYOUTS else {}
    scored = [_candidate(found, row, mine, references.get(row.subject_key)) for row in rows]
    return tuple(sorted((c for c in scored if c.score >= 30), key=lambda c: (-c.score, c.number)))


def _references(uow: UnitOfWork, found: BreakView, rows: Iterable[Break]) -> dict[str, str]:
    kind = SIDES[found.definition][0 if found.break_class is BreakClass.MISSING_LEFT else 1]
    source = select(Source.id).where(Source.entity_id == found.entity_id, Source.kind == kind.value).scalar_subquery()
    keys = [row.subject_key for row in rows]
    found_rows = uow.session.execute(
        select(Entry.ext_key, Entry.reference).where(Entry.source_id == source, Entry.ext_key.in_(keys))
    )
    return {key: reference or "" for key, reference in found_rows}


def _candidate(found: BreakView, row: Break, mine: EntryView | None, reference: str | None) -> CandidateView:
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
