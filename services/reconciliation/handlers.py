"""What reconciliation does when other rooms change."""

from __future__ import annotations

from collections.abc import Callable

from services.approvals import RequestView
from services.core.db import UnitOfWork
from services.core.events import DomainEvent
from services.reconciliation import closing, periods, resolving, rulebook, signing
from services.reconciliation.asking import REOPEN, RULES, SIGN_OFF, WRITE_OFF, request_of
from services.reconciliation.ingest import take_whole
from services.reconciliation.vocabulary import SourceKind


def retake_bank(uow: UnitOfWork, event: DomainEvent) -> None:
    """Another pattern means other bank lines: those of before that no longer count must go."""
    if event.entity_id is not None:
        take_whole(uow, entity_id=event.entity_id, kind=SourceKind.BANK)


def _sign(uow: UnitOfWork, request: RequestView) -> None:
    month = request.subject_type == "reconciliation_period"
    (closing.close_approved if month else signing.sign_approved)(uow, request)


_ACTS: dict[str, Callable[[UnitOfWork, RequestView], None]] = {
    SIGN_OFF.name: _sign,
    REOPEN.name: periods.reopen_approved,
    WRITE_OFF.name: resolving.resolve_approved,
    RULES.name: rulebook.publish_approved,
}


def act_on_approval(uow: UnitOfWork, event: DomainEvent) -> None:
    """Does what has been agreed to, in the last voter's transaction."""
    act = _ACTS.get(event.data["kind"])
    if act is not None:
        act(uow, request_of(event.subject_id, uow))


def drop_proposal(uow: UnitOfWork, event: DomainEvent) -> None:
    """A request that ended without agreement gives its break back."""
    if event.data["kind"] == WRITE_OFF.name:
        resolving.proposal_ended(uow, event.subject_id)
