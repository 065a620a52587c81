"""One look at everything the reader may see: a single call across for the whole page."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from services import approvals, dunning, identity, payments, reconciliation, runs
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation import BreakFilter, BreakState, Definition
from services.runs import RunState

_TROUBLED = (RunState.DEAD, RunState.RETRY_WAIT)
_OPEN = (BreakState.OPEN, BreakState.IN_WORK, BreakState.PROPOSED)
_LISTED = 5


@dataclass(frozen=True, slots=True)
class Glance:
    """What is None lies outside the reader's rights."""

    today: dt.date
    now: dt.datetime
    entities: Mapping[uuid.UUID, str]
    payments: payments.DashboardView | None
    usual: Mapping[dt.datetime, tuple[float, float, float]]
    breaks: Mapping[Definition, reconciliation.BreakSums] | None
    reconciliations: list[reconciliation.RunView]
    run_counts: Mapping[RunState, int] | None
    troubled: tuple[runs.RunRow, ...]
    dunning: dunning.DunningOverview | None
    operates: bool
    waiting: int


def look(uow: UnitOfWork, *, zone: str) -> Glance:
    """Figures of the running business day in `zone`, for the entities the reader chose."""
    uow.actor.require(Permission.OVERVIEW_READ)
    may = uow.actor.may
    now, today = uow.clock.now(), uow.clock.today(zone)
    reconciles, watches = may(Permission.RECONCILIATION_READ), may(Permission.RUN_READ)
    hours = payments.Selection(first=today, last=today, step=payments.Step.HOUR)
    return Glance(
        today=today,
        now=now,
        entities={entity.id: entity.name for entity in identity.legal_entities(uow)},
        payments=payments.payment_dashboard(uow, selection=hours, zone=zone) if may(Permission.PAYMENT_READ) else None,
        usual=payments.usual_day(uow, day=today, zone=zone) if may(Permission.PAYMENT_READ) else {},
        breaks=_open_breaks(uow) if reconciles else None,
        reconciliations=reconciliation.newest_runs(uow) if reconciles else [],
        run_counts=runs.count_runs(uow, since=now - dt.timedelta(days=1)) if watches else None,
        troubled=runs.list_runs(uow, states=_TROUBLED, limit=_LISTED).rows if watches else (),
        dunning=dunning.overview(uow) if may(Permission.DUNNING_READ) else None,
        operates=may(Permission.RUN_CONTROL),
        waiting=approvals.count_waiting(uow),
    )


def _open_breaks(uow: UnitOfWork) -> dict[Definition, reconciliation.BreakSums]:
    return {
        definition: reconciliation.sum_breaks(uow, filter=BreakFilter(definition=definition, states=_OPEN))
        for definition in Definition
    }
