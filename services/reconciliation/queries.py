"""Reading runs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.errors import RunNotFound
from services.reconciliation.models import ReconciliationRun, Signature
from services.reconciliation.models_match import Match, MatchMember
from services.reconciliation.results import kept_totals
from services.reconciliation.views import MatchView, RunView, SignatureView, TotalView
from services.reconciliation.vocabulary import Definition


def view_of_run(row: ReconciliationRun, signature: Signature | None) -> RunView:
    return RunView(
        **{name: getattr(row, name) for name in _PLAIN},
        definition=Definition(row.definition),
        signature=view_of_signature(signature),
    )


_PLAIN = tuple(name for name in RunView.__dataclass_fields__ if name not in ("definition", "signature"))


def view_of_signature(row: Signature | None) -> SignatureView | None:
    if row is None:
        return None
    return SignatureView(row.signed_by, row.signed_by_name, row.signed_at, row.over_limit, row.reason, row.digest)


def run_by_id(uow: UnitOfWork, *, run_id: uuid.UUID) -> RunView:
    """Raises RunNotFound when there is none in the actor's entities."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    found = uow.session.execute(
        select(ReconciliationRun, Signature)
        .outerjoin(Signature, Signature.run_id == ReconciliationRun.id)
        .where(ReconciliationRun.id == run_id, scope.allows(ReconciliationRun.entity_id))
    ).one_or_none()
    if found is None:
        raise RunNotFound("There is no such reconciliation in the entities you may see.", run_id=str(run_id))
    return view_of_run(*found)


def recent_runs(
    uow: UnitOfWork, *, definition: Definition | None = None, entity_id: uuid.UUID | None = None, limit: int = 50
) -> list[RunView]:
    """Finished runs, the newest first."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    statement = (
        select(ReconciliationRun, Signature)
        .outerjoin(Signature, Signature.run_id == ReconciliationRun.id)
        .where(scope.allows(ReconciliationRun.entity_id))
        .order_by(ReconciliationRun.seq.desc())
        .limit(limit)
    )
    if definition is not None:
        statement = statement.where(ReconciliationRun.definition == definition)
    if entity_id is not None:
        statement = statement.where(ReconciliationRun.entity_id == entity_id)
    return [view_of_run(*row) for row in uow.session.execute(statement)]


def newest_runs(uow: UnitOfWork) -> list[RunView]:
    """The last finished run of every definition and legal entity, by definition and entity."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    newest = (
        select(ReconciliationRun.id)
        .where(scope.allows(ReconciliationRun.entity_id))
        .ext(distinct_on(ReconciliationRun.definition, ReconciliationRun.entity_id))
        .order_by(ReconciliationRun.definition, ReconciliationRun.entity_id, ReconciliationRun.seq.desc())
    )
    statement = (
        select(ReconciliationRun, Signature)
        .outerjoin(Signature, Signature.run_id == ReconciliationRun.id)
        .where(ReconciliationRun.id.in_(newest))
        .order_by(ReconciliationRun.definition.desc(), ReconciliationRun.entity_id)
    )
    return [view_of_run(*row) for row in uow.session.execute(statement)]


def totals_of(uow: UnitOfWork, *, run_id: uuid.UUID) -> list[TotalView]:
    """The run's sums by span and currency. Raises RunNotFound."""
    run_by_id(uow, run_id=run_id)
    return kept_totals(uow.session.connection(), run_id)


def run_of_job(uow: UnitOfWork, *, job_run_id: uuid.UUID) -> RunView | None:
    """What a run of the engine has found, or None while it has not finished."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    run_id = uow.session.scalar(
        select(ReconciliationRun.id).where(
            ReconciliationRun.job_run_id == job_run_id, scope.allows(ReconciliationRun.entity_id)
        )
    )
    return run_by_id(uow, run_id=run_id) if run_id else None


def groups_of(uow: UnitOfWork, *, run_id: uuid.UUID) -> list[MatchView]:
    """The match groups a run stood on that were found by more than the plain key. Raises RunNotFound."""
    run = run_by_id(uow, run_id=run_id)
    rows = uow.session.execute(
        select(Match, MatchMember)
        .join(MatchMember, MatchMember.match_id == Match.id)
        .where(
            Match.entity_id == run.entity_id,
            Match.definition == run.definition.value,
            Match.first_seq <= run.seq,
            or_(Match.closed_seq.is_(None), Match.closed_seq > run.seq),
        )
        .order_by(Match.id, MatchMember.ext_key)
    ).all()
    members: dict[int, dict[str, list[str]]] = {}
    for match, member in rows:
        members.setdefault(match.id, {"left": [], "right": []})[member.side].append(member.ext_key)
    matches = {match.id: match for match, _ in rows}
    return [
        MatchView(key, m.rule, m.confidence_percent, m.why, tuple(members[key]["left"]), tuple(members[key]["right"]))
        for key, m in matches.items()
    ]


def signed_through(uow: UnitOfWork, *, definition: Definition, entity_id: uuid.UUID) -> dt.date | None:
    """The last business day that carries a signature."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    days: Sequence[dt.date] = uow.session.scalars(
        select(ReconciliationRun.through)
        .join(Signature, Signature.run_id == ReconciliationRun.id)
        .where(ReconciliationRun.entity_id == entity_id, ReconciliationRun.definition == definition)
        .order_by(ReconciliationRun.through.desc())
        .limit(1)
    ).all()
    return days[0] if days else None
