"""What reconciliation does when other rooms change."""

from __future__ import annotations

from services.core.db import UnitOfWork
from services.core.events import DomainEvent
from services.reconciliation.ingest import take_whole
from services.reconciliation.vocabulary import SourceKind


def retake_bank(uow: UnitOfWork, event: DomainEvent) -> None:
    """Another pattern means other bank lines: those of before that no longer count must go."""
    if event.entity_id is not None:
        take_whole(uow, entity_id=event.entity_id, kind=SourceKind.BANK)
