"""The rules of a definition: versions that never change, one draft, its back-test, and publication under approval."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, text

from services import approvals, audit, identity, runs
from services.core.actor import ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Forbidden, Invalid, NotFound
from services.core.permissions import Permission
from services.reconciliation import manual, payouts, settlement
from services.reconciliation.asking import RULES
from services.reconciliation.calendars import business_calendar
from services.reconciliation.ingest import source_of
from services.reconciliation.models import Definition as DefinitionRow
from services.reconciliation.models import ReconciliationRun, RuleSet
from services.reconciliation.models_rules import RuleDraft
from services.reconciliation.rules import check, complete
from services.reconciliation.scene import CLEAR, Scene
from services.reconciliation.views_rules import BacktestView, RuleBookView, RuleVersionView
from services.reconciliation.vocabulary import BACKTEST, SIDES, BacktestParams, Definition

_RUNS = 5
_EXAMPLES = 20
_FOUND = "SELECT subject_key, occurrence, break_class FROM recon_found"
_GROUPS = "SELECT rule, count(DISTINCT fingerprint) AS groups FROM recon_group_now GROUP BY rule"


def rule_book(uow: UnitOfWork, *, definition: Definition) -> RuleBookView:
    """What holds now, every version there was, and the draft with its back-test."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    code = Definition(definition)
    row = uow.session.get_one(DefinitionRow, code.value, populate_existing=True)
    versions = uow.session.scalars(
        select(RuleSet).where(RuleSet.definition == code).order_by(RuleSet.version.desc())
    ).all()
    held = next(item for item in versions if item.version == row.rule_version)
    draft = uow.session.get(RuleDraft, code.value, populate_existing=True)
    asked = approvals.request_for(uow, kind=RULES.name, subject_id=code.value) if draft and draft.request_id else None
    return RuleBookView(
        definition=code,
        version=row.rule_version,
        limit_ppm=row.limit_ppm,
        parameters=complete(code, held.parameters),
        versions=tuple(
            RuleVersionView(item.version, complete(code, item.parameters), item.note, item.author, item.created_at)
            for item in versions
        ),
        draft=complete(code, draft.parameters) if draft else None,
        draft_note=draft.note if draft else "",
        draft_version=draft.version if draft else 0,
        drafted_by=draft.edited_by_name if draft else None,
        backtest=_backtest_view(draft.backtest) if draft and draft.backtest else None,
        request_id=asked.id if asked else None,
    )


def save_draft(
    uow: UnitOfWork, *, definition: Definition, version: int, parameters: Mapping[str, Any], note: str
) -> int:
    """Keeps a draft of new rules; what was tested or asked for before counts no longer. Returns its version.

    `version` is the draft's that was edited, 0 for a new one. Raises Invalid for rules out of their bounds and
    Conflict when somebody else edited it meanwhile.
    """
    require_for_all(uow)
    code = Definition(definition)
    checked = check(code, parameters)
    if not 1 <= len(note.strip()) <= 500:
        raise Invalid("Say in a sentence what these rules change and why (up to 500 characters).")
    draft = uow.session.get(RuleDraft, code.value, with_for_update=True, populate_existing=True)
    if (draft.version if draft else 0) != version:
        raise Conflict("Somebody else edited these rules meanwhile. Look at them again.")
    held = uow.session.get_one(DefinitionRow, code.value).rule_version
    if draft is None:
        draft = RuleDraft(definition=code.value, version=0)
        uow.session.add(draft)
    draft.base_version, draft.parameters, draft.note = held, checked, note.strip()
    draft.backtest = draft.request_id = None
    draft.edited_by, draft.edited_by_name, draft.edited_at = uow.actor.id, uow.actor.name, uow.clock.now()
    draft.version = version + 1
    uow.session.flush()
    _audit(uow, code, "drafted", after={"parameters": checked, "note": draft.note})
    return draft.version


def start_backtest(uow: UnitOfWork, *, definition: Definition, count: int = _RUNS) -> uuid.UUID:
    """Queues a run that tries the draft on the last `count` runs; returns the id of the engine's run."""
    require_for_all(uow)
    _draft(uow, Definition(definition))
    return runs.enqueue(uow, kind=BACKTEST, params=BacktestParams(definition=definition, count=count))


def backtest(uow: UnitOfWork, *, definition: Definition, count: int = _RUNS) -> BacktestView:
    """Compares what the draft and the rules that hold find up to the days of the last runs; writes no finding."""
    require_for_all(uow)
    code, draft = Definition(definition), _draft(uow, Definition(definition))
    held = uow.session.get_one(DefinitionRow, code.value).rule_version
    before = complete(code, uow.session.get_one(RuleSet, (code.value, held)).parameters)
    more: Counter[str] = Counter()
    fewer: Counter[str] = Counter()
    examples: list[dict[str, str]] = []
    days = _days(uow, code, count)
    for entity_id, day in days:
        was, groups_before = _try(uow, code, entity_id, day, before)
        will, groups_after = _try(uow, code, entity_id, day, complete(code, draft.parameters))
        more.update(row[2] for row in will - was)
        fewer.update(row[2] for row in was - will)
        for word, rows in (("more", will - was), ("fewer", was - will)):
            examples += [
                {"what": word, "key": key, "class": name, "day": day.isoformat()} for key, _, name in sorted(rows)
            ]
        more.update({f"group {rule}": n for rule, n in (groups_after - groups_before).items()})
    found = {
        "runs": len(days),
        "more": sum(n for name, n in more.items() if not name.startswith("group ")),
        "fewer": sum(fewer.values()),
        "by_class": {"more": dict(more), "fewer": dict(fewer)},
        "examples": examples[:_EXAMPLES],
        "at": uow.clock.now().isoformat(),
    }
    draft.backtest = found
    uow.session.flush()
    _audit(uow, code, "tested", after={name: found[name] for name in ("runs", "more", "fewer")})
    return _backtest_view(found)


def request_publication(uow: UnitOfWork, *, definition: Definition) -> uuid.UUID:
    """Asks for the draft to hold. It must have been back-tested as it is; another person of Finance agrees."""
    require_for_all(uow)
    code, draft = Definition(definition), _draft(uow, Definition(definition))
    if draft.backtest is None:
        raise Conflict("Try the rules on the last runs first, so that whoever agrees sees what they change.")
    asked = approvals.request(
        uow,
        kind=RULES.name,
        subject_type="reconciliation_rules",
        subject_id=code.value,
        entity_id=None,
        content=_content(uow, draft),
        facts=approvals.ApprovalFacts(rows=max(1, draft.backtest["more"] + draft.backtest["fewer"])),
    )
    draft.request_id = asked.id
    uow.session.flush()
    return asked.id


def publish_approved(uow: UnitOfWork, request: approvals.RequestView) -> None:
    """The draft becomes the next version and holds from the next run, in the last voter's transaction."""
    code = Definition(request.subject_id)
    draft = _draft(uow, code)
    approvals.consume(uow, request_id=request.id, content=_content(uow, draft))
    version = _next_version(uow, code)
    uow.session.add(
        RuleSet(
            definition=code.value,
            version=version,
            parameters=draft.parameters,
            note=draft.note,
            author=draft.edited_by_name,
            request_id=request.id,
        )
    )
    uow.session.flush()
    row = uow.session.get_one(DefinitionRow, code.value)
    before, row.rule_version = row.rule_version, version
    uow.session.delete(draft)
    uow.session.flush()
    _audit(uow, code, "published", before={"version": before}, after={"version": version, "note": draft.note})


def require_for_all(uow: UnitOfWork) -> None:
    """Rules hold for every legal entity, so a right for some of them is not enough."""
    uow.actor.require(Permission.RULES_EDIT)
    if uow.actor.kind is not ActorKind.SYSTEM and uow.actor.grants[Permission.RULES_EDIT].ids is not None:
        raise Forbidden(
            "Rules hold for every entity; your right holds for some of them.", permission=str(Permission.RULES_EDIT)
        )


def _try(
    uow: UnitOfWork, definition: Definition, entity_id: uuid.UUID, day: dt.date, parameters: dict[str, Any]
) -> tuple[set[tuple[str, int, str]], Counter[str]]:
    """What these rules find up to a day: breaks, and groups by rule. The temporary tables are gone afterwards."""
    connection = uow.session.connection()
    connection.exec_driver_sql(CLEAR)
    left, right = (source_of(uow, entity_id=entity_id, kind=kind) for kind in SIDES[definition])
    scene = Scene(left.id, right.id, day, parameters, business_calendar(uow, entity_id=entity_id))
    if definition is Definition.SETTLEMENT:
        settlement.find_differences(uow, scene)
    else:
        payouts.find_differences(uow, scene, entity_id=entity_id)
    decisions = manual.standing(uow, entity_id=entity_id, definition=definition)
    manual.apply(uow, scene, decisions, entity_id=entity_id)
    found = {(row.subject_key, row.occurrence, row.break_class) for row in connection.execute(text(_FOUND))}
    groups = Counter({row.rule: row.groups for row in connection.execute(text(_GROUPS))})
    connection.exec_driver_sql(CLEAR)
    return found, groups


def _days(uow: UnitOfWork, definition: Definition, count: int) -> list[tuple[uuid.UUID, dt.date]]:
    """The last `count` days that were reconciled, of every legal entity the actor may read."""
    found = []
    for entity in identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ):
        days = uow.session.scalars(
            select(ReconciliationRun.through)
            .where(ReconciliationRun.definition == definition, ReconciliationRun.entity_id == entity.id)
            .group_by(ReconciliationRun.through)
            .order_by(ReconciliationRun.through.desc())
            .limit(count)
        )
        found += [(entity.id, day) for day in days]
    return found


def _draft(uow: UnitOfWork, definition: Definition) -> RuleDraft:
    draft = uow.session.get(RuleDraft, definition.value, with_for_update=True, populate_existing=True)
    if draft is None:
        raise NotFound("There is no draft of these rules.")
    return draft


def _next_version(uow: UnitOfWork, definition: Definition) -> int:
    newest = uow.session.scalar(select(func.max(RuleSet.version)).where(RuleSet.definition == definition))
    return (newest or 0) + 1


def _content(uow: UnitOfWork, draft: RuleDraft) -> dict[str, Any]:
    code = Definition(draft.definition)
    held = uow.session.get_one(DefinitionRow, draft.definition).rule_version
    return {
        "definition": draft.definition,
        "base_version": held,
        "version": _next_version(uow, code),
        "before": complete(code, uow.session.get_one(RuleSet, (draft.definition, held)).parameters),
        "parameters": draft.parameters,
        "note": draft.note,
        "backtest": draft.backtest,
    }


def _backtest_view(stored: dict[str, Any]) -> BacktestView:
    return BacktestView(
        runs=stored["runs"],
        more=stored["more"],
        fewer=stored["fewer"],
        more_by_class=stored["by_class"]["more"],
        fewer_by_class=stored["by_class"]["fewer"],
        examples=tuple((row["what"], row["key"], row["class"], row["day"]) for row in stored["examples"]),
        at=dt.datetime.fromisoformat(stored["at"]),
    )


def _audit(uow: UnitOfWork, definition: Definition, verb: str, **more: Any) -> None:
    audit.record(
        uow,
        action=f"reconciliation.rules.{verb}",
        subject_type="reconciliation_rules",
        subject_id=definition.value,
        **more,
    )
