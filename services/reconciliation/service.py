"""Running a reconciliation: one transaction, all of it or nothing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, func, insert, select, text

from services import audit, identity, runs
from services.core import events
from services.core.actor import ActorKind
from services.core.clock import business_day
from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.core.ids import new_id
from services.core.locks import take_turn
from services.core.permissions import Permission
from services.reconciliation import dirty, drift, manual, payouts, periods, results, rolling, settlement
from services.reconciliation.calendars import business_calendar
from services.reconciliation.carry import Carried, carry_breaks, carry_groups
from services.reconciliation.errors import OlderThanLastRun
from services.reconciliation.ingest import source_of
from services.reconciliation.inputs import inputs_of
from services.reconciliation.models import Definition as DefinitionRow
from services.reconciliation.models import ReconciliationRun, RuleSet, Total
from services.reconciliation.models_rules import Decision
from services.reconciliation.queries import view_of_run
from services.reconciliation.results import Standing
from services.reconciliation.rules import complete
from services.reconciliation.scene import CLEAR, Scene
from services.reconciliation.views import RunView, TotalView
from services.reconciliation.vocabulary import (
    NIGHTLY,
    NOBODY,
    RUN,
    SIDES,
    Definition,
    NightlyParams,
    ReconcileParams,
    Rule,
    Span,
)

_KEEP_EXPECTED = """
INSERT INTO recon_expected (run_id, side, ext_key, occurrence, amount_minor, currency, booked_on, why)
SELECT :run, side, ext_key, occurrence, amount_minor, currency, booked_on, why FROM recon_expected_now
"""


@dataclass(frozen=True, slots=True)
class Starter:
    """Who pressed the button: a person, or the console itself (NOBODY)."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class _Frame:
    """What stays the same over one run."""

    definition: Definition
    entity_id: uuid.UUID
    through: dt.date
    scene: Scene
    rules: DefinitionRow
    seq: int
    started_at: dt.datetime
    decisions: list[Decision]
    looked_at: int | None

    @property
    def only_dirty(self) -> bool:
        return self.looked_at is not None


def start_run(
    uow: UnitOfWork, *, definition: Definition, entity_id: uuid.UUID, through: dt.date | None = None
) -> uuid.UUID:
    """Queues a run for a worker and returns the id of the engine's run; whoever calls is its starter."""
    uow.actor.require(Permission.RECONCILIATION_RUN, entity_id)
    params = ReconcileParams(entity_id=entity_id, definition=definition, through=through)
    return runs.enqueue(uow, kind=RUN, params=params)


def start_chain(uow: UnitOfWork) -> uuid.UUID:
    """Queues what the night does, now: sync, imports and both reconciliations of every legal entity."""
    uow.actor.require(Permission.RECONCILIATION_RUN)
    return runs.enqueue(uow, kind=NIGHTLY, params=NightlyParams())


def reconcile(
    uow: UnitOfWork,
    *,
    definition: Definition,
    entity_id: uuid.UUID,
    through: dt.date | None = None,
    starter: Starter | None = None,
    job_run_id: uuid.UUID | None = None,
) -> RunView:
    """Compares both sides of `definition` in one legal entity up to and including the business day `through`.

    `through` is yesterday in the entity's zone unless given; a day that has not ended is refused, and so is one
    before the newest run's (OlderThanLastRun), since breaks found since would close. `starter` is the actor
    unless a job runs on a person's behalf. Everything is written by this transaction or nothing is.
    """
    uow.actor.require(Permission.RECONCILIATION_RUN, entity_id)
    connection = uow.session.connection()
    connection.exec_driver_sql(CLEAR)
    take_turn(connection, f"reconciliation/{definition}/{entity_id}")
    frame = _frame(uow, Definition(definition), entity_id, through)
    if frame.definition is Definition.SETTLEMENT:
        settlement.find_differences(uow, frame.scene, only_dirty=frame.only_dirty)
    else:
        payouts.find_differences(uow, frame.scene, entity_id=entity_id)
    run = _store(uow, connection, frame, starter or _starter(uow), job_run_id)
    _announce(uow, run)
    return view_of_run(run, None)


def _frame(uow: UnitOfWork, definition: Definition, entity_id: uuid.UUID, through: dt.date | None) -> _Frame:
    started_at = dt.datetime.now(dt.UTC)
    calendar = business_calendar(uow, entity_id=entity_id)
    last_day = _last_closed(uow, calendar.time_zone)
    day = through or last_day
    if day > last_day:
        raise Invalid(f"{day} has not ended there yet; reconcile up to {last_day} at the latest.", through=str(day))
    newest = uow.session.scalar(
        select(func.max(ReconciliationRun.through)).where(
            ReconciliationRun.entity_id == entity_id, ReconciliationRun.definition == definition
        )
    )
    if newest is not None and day < newest:
        raise OlderThanLastRun(
            f"The last run looked up to {newest}; a run up to {day} would close breaks that are still there.",
            newest=str(newest),
        )
    rules = uow.session.get_one(DefinitionRow, definition.value)
    parameters = complete(definition, uow.session.get_one(RuleSet, (definition.value, rules.rule_version)).parameters)
    left, right = (source_of(uow, entity_id=entity_id, kind=kind) for kind in SIDES[definition])
    seq = uow.session.scalar(text("SELECT nextval(pg_get_serial_sequence('recon_run', 'seq'))"))
    scene = Scene(left.id, right.id, day, parameters, calendar)
    decisions = manual.standing(uow, entity_id=entity_id, definition=definition)
    looked_at = None
    if definition is Definition.SETTLEMENT:
        everything = left.all_dirty or right.all_dirty or bool(decisions)
        looked_at = dirty.gather(
            uow, scene, entity_id=entity_id, rule_version=rules.rule_version, everything=everything
        )
    return _Frame(definition, entity_id, day, scene, rules, seq or 0, started_at, decisions, looked_at)


def last_closed_day(uow: UnitOfWork, *, entity_id: uuid.UUID) -> dt.date:
    """Yesterday in the entity's zone: the last business day whose data can be complete."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    for entity in identity.legal_entities(uow, permission=Permission.RECONCILIATION_READ):
        if entity.id == entity_id:
            return _last_closed(uow, entity.time_zone)
    raise NotFound("There is no such legal entity among those you may see.", entity_id=str(entity_id))


def _last_closed(uow: UnitOfWork, time_zone: str) -> dt.date:
    return business_day(uow.clock.now(), time_zone) - dt.timedelta(days=1)


def _starter(uow: UnitOfWork) -> Starter:
    actor = uow.actor
    person = actor.kind is ActorKind.USER and actor.id is not None
    return Starter(actor.id if person and actor.id else NOBODY, actor.name)


def _store(
    uow: UnitOfWork, connection: Connection, frame: _Frame, starter: Starter, job_run_id: uuid.UUID | None
) -> ReconciliationRun:
    """Brings breaks and match groups in line with what was found, and writes down what the run came to."""
    entity, definition = frame.entity_id, frame.definition.value
    manual.apply(uow, frame.scene, frame.decisions, entity_id=entity)
    rule_counts, grouped = carry_groups(connection, entity=entity, definition=definition, seq=frame.seq)
    carried = carry_breaks(
        connection,
        frame.scene,
        entity=entity,
        definition=definition,
        seq=frame.seq,
        now=uow.clock.now(),
        looked_at=frame.looked_at,
    )
    found = results.standing(
        connection, frame.scene, entity=entity, definition=definition, carried=carried, only_dirty=frame.only_dirty
    )
    totals, deviation_ppm = results.totals(connection, frame.scene, found)
    results.check_explained(connection, totals, found, entity=entity, definition=definition)
    matched = sum(t.left_entries for t in totals if t.span is Span.ALL) - found.with_left
    run = _run_row(uow, frame, starter=starter, found=found, carried=carried, totals=totals)
    run.job_run_id = job_run_id
    run.expected, run.matched, run.deviation_ppm = found.expected, matched, deviation_ppm
    if frame.definition is Definition.SETTLEMENT:
        rule_counts = {Rule.KEY.value: matched - grouped} | rule_counts
    run.rule_counts = rule_counts
    run.digest = results.content_digest(
        connection, run, rows=totals, expected=results.EXPECTED_NOW, fingerprint=found.fingerprint
    )
    run.finished_at = dt.datetime.now(dt.UTC)
    _keep(uow, frame, run, found, totals)
    return run


def _keep(uow: UnitOfWork, frame: _Frame, run: ReconciliationRun, found: Standing, totals: Sequence[TotalView]) -> None:
    """Writes the run with its sums, what is not due yet, its parts and its drift, and tells its periods."""
    connection = uow.session.connection()
    uow.session.add(run)
    uow.session.flush()
    if totals:
        uow.session.execute(insert(Total), [{"run_id": run.id, **asdict(row)} for row in totals])
    connection.execute(text(_KEEP_EXPECTED), {"run": run.id})
    rolling.keep_parts(uow, run, found)
    dirty.settle(uow, frame.scene)
    drift.keep_days(connection, run, left=frame.scene.left)
    periods.note_run(uow, run)


def _run_row(
    uow: UnitOfWork,
    frame: _Frame,
    *,
    starter: Starter,
    found: Standing,
    carried: Carried,
    totals: list[TotalView],
) -> ReconciliationRun:
    whole = [row for row in totals if row.span is Span.ALL]
    inputs = inputs_of(uow, definition=frame.definition, entity_id=frame.entity_id, through=frame.through)
    return ReconciliationRun(
        id=new_id(),
        seq=frame.seq,
        definition=frame.definition.value,
        entity_id=frame.entity_id,
        through=frame.through,
        rule_version=frame.rules.rule_version,
        limit_ppm=frame.rules.limit_ppm,
        started_by=starter.id,
        started_by_name=starter.name,
        started_at=frame.started_at,
        data_as_of=inputs.as_of or uow.clock.now(),
        entries_left=sum(row.left_entries for row in whole),
        entries_right=sum(row.right_entries for row in whole),
        breaks=sum(found.by_class.values()),
        new_breaks=carried.new,
        closed_breaks=carried.closed,
        class_counts=found.by_class,
        fingerprint=found.fingerprint,
        looked_at=frame.looked_at,
        inputs=inputs.document(),
    )


def _announce(uow: UnitOfWork, run: ReconciliationRun) -> None:
    facts = {
        "definition": run.definition,
        "through": run.through.isoformat(),
        "matched": run.matched,
        "breaks": run.breaks,
        "new_breaks": run.new_breaks,
        "closed_breaks": run.closed_breaks,
        "deviation_ppm": run.deviation_ppm,
        "digest": run.digest,
        "started_by": run.started_by_name,
    }
    audit.record(
        uow,
        action="reconciliation.run.finished",
        subject_type="reconciliation_run",
        subject_id=run.id,
        entity_id=run.entity_id,
        after=facts,
    )
    event = events.DomainEvent("reconciliation.run_finished", "reconciliation_run", str(run.id), run.entity_id, facts)
    events.emit(uow, event)
