"""What reconciliation knows of single records: their breaks, and the bank lines that brought their payouts."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import aliased

from services import audit
from services.audit import AuditEntryView
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.reconciliation.breaks import breaks_of_keys
from services.reconciliation.models import Entry, Source
from services.reconciliation.models_match import MatchMember
from services.reconciliation.views import BreakView
from services.reconciliation.vocabulary import SourceKind


@dataclass(frozen=True, slots=True)
class BankLineView:
    """The line on a bank statement that brought a payout; `minor` is signed, credits are positive."""

    payout_ref: str
    ext_key: str
    account: str
    booked_on: dt.date
    minor: int
    currency: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class RecordStanding:
    """What the last runs say of a record, and what people did about it, oldest first."""

    breaks: tuple[BreakView, ...]
    bank_lines: tuple[BankLineView, ...]
    deeds: tuple[AuditEntryView, ...]


def standing_of(
    uow: UnitOfWork, *, entity_id: uuid.UUID, movements: Sequence[str], payouts: Sequence[str]
) -> RecordStanding:
    """The breaks of balance transactions and payouts, what was done about them, and the matched bank lines.

    `movements` are keys `<source id>:<reporting category>`, `payouts` Stripe's payout ids. Raises NotFound for an
    entity outside the reader's.
    """
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    breaks = breaks_of_keys(uow, entity_id=entity_id, keys=[*movements, *payouts])
    numbers = [str(found.number) for found in breaks]
    deeds = audit.trail_of_many(uow, "reconciliation_break", numbers, permission=Permission.RECONCILIATION_READ)
    return RecordStanding(tuple(breaks), tuple(_bank_lines(uow, entity_id, payouts)), tuple(deeds))


def _bank_lines(uow: UnitOfWork, entity_id: uuid.UUID, payouts: Sequence[str]) -> list[BankLineView]:
    payout, line = aliased(MatchMember), aliased(MatchMember)
    payout_source, line_source = aliased(Source), aliased(Source)
    rows = uow.session.execute(
        select(payout.ext_key, Entry)
        .join(payout_source, payout_source.id == payout.source_id)
        .join(line, line.match_id == payout.match_id)
        .join(line_source, line_source.id == line.source_id)
        .join(
            Entry,
            (Entry.source_id == line.source_id)
            & (Entry.ext_key == line.ext_key)
            & (Entry.occurrence == line.occurrence),
        )
        .where(
            payout_source.entity_id == entity_id,
            payout_source.kind == SourceKind.STRIPE_PAYOUTS.value,
            line_source.kind == SourceKind.BANK.value,
            payout.ext_key.in_(payouts),
            ~payout.closed,
        )
        .order_by(Entry.booked_on, Entry.ext_key)
    )
    return [
        BankLineView(key, row.ext_key, row.account, row.booked_on, row.amount_minor, row.currency, row.reference)
        for key, row in rows
    ]
