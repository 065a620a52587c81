"""What the pages show, each in one view: the overview, and a run with everything about it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import func, select, text

from services import audit, identity, runs
from services.core.db import UnitOfWork
from services.core.errors import NotFound
from services.core.permissions import Permission
from services.reconciliation import results
from services.reconciliation.adjusting import adjustments
from services.reconciliation.attachments import evidence_files
from services.reconciliation.break_filter import BreakFilter
from services.reconciliation.breaks import break_by_number, breaks_of_run
from services.reconciliation.errors import BreakNotFound
from services.reconciliation.evidence import evidence_of
from services.reconciliation.models import Break, ReconciliationRun
from services.reconciliation.models import Definition as DefinitionRow
from services.reconciliation.models_rolled import RunPart
from services.reconciliation.queries import newest_runs, recent_runs, run_by_id, run_of_job
from services.reconciliation.resolving import write_off_terms
from services.reconciliation.rolling import moves
from services.reconciliation.signing import signing_of
from services.reconciliation.views import (
    BreakReport,
    DifferenceLine,
    OverviewView,
    PairingView,
    RunReport,
    RunView,
    Underway,
    Whereabouts,
    WriteOffTerms,
)
from services.reconciliation.vocabulary import RUN, UNRESOLVED, Definition
from services.runs import RunState

_TREND = 14  # last runs of a pairing
_UNFINISHED = (RunState.QUEUED, RunState.RUNNING, RunState.RETRY_WAIT, RunState.PAUSED)

_DIFFERENCE = f"""
WITH standing AS MATERIALIZED (
    SELECT break_class, left_currency, right_currency, left_minor, right_minor FROM {results.STANDING_FINDINGS}
)
SELECT currency, part, count(*) AS items, sum(minor) AS minor FROM (
    SELECT coalesce(left_currency, right_currency) AS currency, break_class AS part,
           coalesce(left_minor, 0) - coalesce(right_minor, 0) AS minor
    FROM standing WHERE (left_currency <> right_currency) IS NOT TRUE
    UNION ALL
    SELECT left_currency, break_class, left_minor FROM standing WHERE left_currency <> right_currency
    UNION ALL
    SELECT right_currency, break_class, -right_minor FROM standing WHERE left_currency <> right_currency
    UNION ALL
    SELECT currency, 'expected', CASE side WHEN 'left' THEN amount_minor ELSE -amount_minor END
    FROM recon_expected WHERE run_id = :run
) parts GROUP BY currency, part ORDER BY currency, part = 'expected', abs(sum(minor)) DESC
"""


def run_report(
    uow: UnitOfWork,
    *,
    run_id: uuid.UUID,
    filter: BreakFilter,
    sort: str = "delta",
    descending: bool = True,
    limit: int = 50,
    offset: int = 0,
) -> RunReport:
    """A run's totals, how its difference is made up, its breaks, and its sign-off. Raises RunNotFound.

    `filter` narrows the list of breaks; the sums count every break the run had found and nobody has resolved.
    """
    uow.actor.require(Permission.RECONCILIATION_READ)
    run = run_by_id(uow, run_id=run_id)
    entities = identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ)
    entity = next(item for item in entities if item.id == run.entity_id)
    order: dict[str, Any] = {"sort": sort, "descending": descending, "limit": limit, "offset": offset}
    sums, page = breaks_of_run(uow, run=run, filter=filter, **order)
    return RunReport(
        run=run,
        entity_name=entity.name,
        entity_zone=entity.time_zone,
        totals=tuple(results.kept_totals(uow.session.connection(), run_id)),
        difference=_difference(uow, run),
        sums=sums,
        signing=signing_of(uow, run_id=run_id),
        page=page,
        counts=run.class_counts,
    )


def break_report(uow: UnitOfWork, *, name: str) -> BreakReport:
    """A break by the name people say (B-10001, b-10001 or 10001) with all its evidence. Raises BreakNotFound."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    digits = name.strip().upper().removeprefix("B-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise BreakNotFound(f"There is no break “{name}” in the entities you may see.")
    view = break_by_number(uow, number=int(digits))
    people: list[identity.PersonView] = []
    terms: tuple[WriteOffTerms, ...] = ()
    if uow.actor.may(Permission.BREAK_WORK, view.entity_id):
        terms = write_off_terms(uow, numbers=[view.number])
        people = identity.colleagues(uow, permission=Permission.BREAK_WORK, entity_id=view.entity_id)
    subject = ("reconciliation_break", str(view.number))
    return BreakReport(
        view,
        evidence_of(uow, number=view.number),
        tuple(people),
        tuple(evidence_files(uow, number=view.number)),
        tuple(adjustments(uow, number=view.number)),
        tuple(audit.trail(uow, *subject, permission=Permission.RECONCILIATION_READ)),
        terms[0] if terms else None,
    )


def overview(uow: UnitOfWork) -> OverviewView:
    """Every definition in every legal entity the actor may see and has chosen, and the runs before."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    entities = identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ)
    limit = uow.session.scalar(select(func.min(DefinitionRow.limit_ppm)))
    return OverviewView(
        pairings=tuple(_pairings(uow, entities)),
        history=tuple(recent_runs(uow, limit=20)),
        names={entity.id: entity.name for entity in entities},
        limit_ppm=limit or 0,
    )


def _pairings(uow: UnitOfWork, entities: Sequence[identity.LegalEntityView]) -> list[PairingView]:
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    newest = {(run.definition, run.entity_id): run for run in newest_runs(uow)}
    underway = {(item.definition, item.entity_id): item for item in _underway(uow)}
    opened = {
        (Definition(definition), entity): count
        for definition, entity, count in uow.session.execute(
            select(Break.definition, Break.entity_id, func.count())
            .where(scope.allows(Break.entity_id), Break.state.in_([state.value for state in UNRESOLVED]))
            .group_by(Break.definition, Break.entity_id)
        )
    }
    return [
        PairingView(
            definition,
            entity.id,
            entity.name,
            newest.get((definition, entity.id)),
            opened.get((definition, entity.id), 0),
            _trend(uow, definition, entity.id),
            underway.get((definition, entity.id)),
        )
        for definition in (Definition.SETTLEMENT, Definition.PAYOUTS)
        for entity in entities
    ]


def whereabouts(uow: UnitOfWork, *, reference: uuid.UUID) -> Whereabouts:
    """Finds a run by its own id or by that of the engine's run that makes it. Raises RunNotFound."""
    done = run_of_job(uow, job_run_id=reference)
    if done is not None:
        return Whereabouts(done.id)
    if uow.actor.may(Permission.RUN_READ):
        with suppress(NotFound):
            row = runs.run_detail(uow, run_id=reference).run
            if row.state in _UNFINISHED:
                return Whereabouts(None, _view_of_underway(uow, row))
            return Whereabouts(None, error=row.error or row.state.value)
    return Whereabouts(run_by_id(uow, run_id=reference).id)


def _difference(uow: UnitOfWork, run: RunView) -> tuple[DifferenceLine, ...]:
    """As it was added up when the run ended; a run of before that was done is added up now."""
    kept = uow.session.scalars(select(RunPart).where(RunPart.run_id == run.id)).all()
    if kept or not (run.breaks or run.expected):
        lines = [DifferenceLine(row.currency, row.part, row.items, row.minor) for row in kept]
        return tuple(sorted(lines, key=lambda one: (one.currency, one.part == "expected", -abs(one.minor))))
    return difference_again(uow, run)


def difference_again(uow: UnitOfWork, run: RunView) -> tuple[DifferenceLine, ...]:
    """What a run's difference consists of, added up from every break it stood on and everything it expected."""
    uow.actor.require(Permission.RECONCILIATION_READ, run.entity_id)
    values = {"entity": run.entity_id, "definition": run.definition.value, "seq": run.seq, "run": run.id}
    rows = uow.session.execute(text(_DIFFERENCE), values)
    lines = (DifferenceLine(row.currency, row.part, row.items, int(row.minor)) for row in rows)
    return tuple(line for line in lines if moves(line.part, line.minor))


def _trend(uow: UnitOfWork, definition: Definition, entity_id: uuid.UUID) -> tuple[int, ...]:
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    rows = uow.session.scalars(
        select(ReconciliationRun.deviation_ppm)
        .where(
            scope.allows(ReconciliationRun.entity_id),
            ReconciliationRun.entity_id == entity_id,
            ReconciliationRun.definition == definition.value,
        )
        .order_by(ReconciliationRun.seq.desc())
        .limit(_TREND)
    ).all()
    return tuple(reversed(rows))


def _underway(uow: UnitOfWork) -> list[Underway]:
    """Runs of the engine that have not ended, for readers who may see runs."""
    if not uow.actor.may(Permission.RUN_READ):
        return []
    waiting = runs.list_runs(uow, states=_UNFINISHED, kinds=[RUN.name], limit=40).rows
    return [_view_of_underway(uow, row) for row in waiting]


def _view_of_underway(uow: UnitOfWork, row: runs.RunRow) -> Underway:
    params = runs.run_detail(uow, run_id=row.id).params
    progress = row.progress
    return Underway(
        row.id,
        Definition(params["definition"]),
        uuid.UUID(str(params["entity_id"])),
        row.state.value,
        progress.phase if progress else None,
        progress.done if progress else 0,
        progress.total if progress else None,
    )
