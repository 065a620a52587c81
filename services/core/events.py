"""Domain events: rows written in the business transaction, and the handlers subscribed in `bootstrap`."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base, UnitOfWork
from services.core.ids import new_id


class DomainEventRow(Base):
    """One thing that happened, in the past tense (`payment.succeeded`); never changed afterwards."""

    __tablename__ = "domain_event"
    __table_args__ = (Index(None, "subject_type", "subject_id", "occurred_at"), Index(None, "name", "occurred_at"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    entity_id: Mapped[uuid.UUID | None]
    subject_type: Mapped[str]
    subject_id: Mapped[str]
    data: Mapped[dict[str, Any]]
    occurred_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


@dataclass(frozen=True, slots=True)
class DomainEvent:
    name: str
    subject_type: str
    subject_id: str
    entity_id: uuid.UUID | None
    data: dict[str, Any]


Handler = Callable[[UnitOfWork, DomainEvent], None]
_handlers: dict[str, list[Handler]] = {}


def subscribe(name: str, handler: Handler) -> None:
    """Calls `handler` in the transaction of every event called `name`. Only `bootstrap` subscribes; twice is once."""
    handlers = _handlers.setdefault(name, [])
    if handler not in handlers:
        handlers.append(handler)


def emit(uow: UnitOfWork, event: DomainEvent) -> None:
    """Writes the event and runs its handlers, all in the caller's transaction."""
    row = DomainEventRow(
        name=event.name,
        entity_id=event.entity_id,
        subject_type=event.subject_type,
        subject_id=event.subject_id,
        data=event.data,
    )
    uow.session.add(row)
    uow.session.flush()
    for handler in _handlers.get(event.name, ()):
        handler(uow, event)
