"""Bookkeeping vouchers: mirrored from a bookkeeping service, read beside the books."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, case, cast, func, literal, literal_column, null, or_, select
from sqlalchemy.dialects.postgresql import insert

from services import audit, runs
from services.books.deliveries import entity_of
from services.books.models import VOUCHER_SEQ, Voucher, VoucherSync
from services.books.noting import begin_with_the_books, note
from services.books.views import VoucherMark, VoucherSyncView, VoucherView
from services.books.vocabulary import SYNC_VOUCHERS, VoucherParams
from services.core.clock import day_bounds
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.ids import new_id
from services.core.money import Money
from services.core.permissions import Permission
from services.integrations import bookkeeping

_CHANGING = (
    "kind",
    "status",
    "number",
    "voucher_on",
    "due_on",
    "contact",
    "total_minor",
    "open_minor",
    "currency",
    "archived",
)


def voucher_entries(after_seq: int = 0) -> Select[*tuple[Any, ...]]:
    """Vouchers as reconciliation entries: one row per voucher, `ext_key` the service's id, `amount_minor` its total
    (purchases and credit notes negative), `reference` its number. Only those whose `changed_seq` is above
    `after_seq`; archived ones stay."""
    spent = Voucher.kind.in_(("purchaseinvoice", "salescreditnote", "creditnote"))
    return select(
        Voucher.entity_id.label("entity_id"),
        Voucher.provider.label("account"),
        Voucher.external_id.label("ext_key"),
        case((spent, -Voucher.total_minor), else_=Voucher.total_minor).label("amount_minor"),
        Voucher.currency.label("currency"),
        cast(null(), Voucher.total_minor.type).label("fee_minor"),
        Voucher.status.label("status"),
        Voucher.voucher_at.label("occurred_at"),
        Voucher.voucher_on.label("booked_on"),
        func.nullif(Voucher.number, "").label("reference"),
        cast(null(), Voucher.number.type).label("batch_ref"),
        (Voucher.provider + literal(":") + Voucher.external_id).label("origin"),
        Voucher.changed_seq.label("changed_seq"),
    ).where(Voucher.changed_seq > after_seq)


def start_voucher_sync(uow: UnitOfWork, *, entity_id: uuid.UUID, unique_key: str | None = None) -> uuid.UUID:
    """Starts the run that asks the entity's bookkeeping service; one announced change starts one run."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    params = VoucherParams(entity_id=entity_id)
    return runs.enqueue(uow, kind=SYNC_VOUCHERS, params=params, unique_key=unique_key)


def take_vouchers(
    uow: UnitOfWork, *, entity_id: uuid.UUID, provider: str, vouchers: Sequence[bookkeeping.Voucher]
) -> tuple[int, int]:
    """Stores a page of vouchers; returns how many are new and how many changed. An older state never overwrites a
    newer one, and the same page again changes nothing."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    zone = entity_of(uow, entity_id).time_zone
    rows = {voucher.external_id: _values(voucher, zone) for voucher in vouchers}
    if not rows:
        return 0, 0
    place = {"entity_id": entity_id, "provider": provider}
    statement = insert(Voucher).values([{"id": new_id(), **place, **row} for row in rows.values()])
    given = statement.excluded
    differs = or_(*[getattr(Voucher, name).is_distinct_from(given[name]) for name in _CHANGING])
    changed = {name: given[name] for name in (*_CHANGING, "voucher_at", "updated_at")}
    result = uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=["entity_id", "provider", "external_id"],
            set_=changed | {"changed_seq": VOUCHER_SEQ.next_value()},
            where=and_(Voucher.updated_at <= given.updated_at, differs),
        ).returning(*map(literal_column, ("old.voucher_on", "old.number", "new.voucher_on", "new.number")))
    ).all()
    if result:
        begin_with_the_books(uow, entity_id)
        note(uow, entity_id=entity_id, places=[(row[at], row[at + 1]) for row in result for at in (0, 2)])
    new = sum(row[0] is None for row in result)
    return new, len(result) - new


def finish_voucher_sync(
    uow: UnitOfWork, *, entity_id: uuid.UUID, provider: str, through: dt.date, new: int, changed: int
) -> None:
    """Remembers the day from which the next run asks, and says in the audit what came."""
    uow.actor.require(Permission.BOOKS_IMPORT, entity_id)
    values = {"entity_id": entity_id, "provider": provider, "synced_through": through, "synced_at": func.now()}
    statement = insert(VoucherSync).values(values)
    uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=["entity_id", "provider"], set_={"synced_through": through, "synced_at": func.now()}
        )
    )
    audit.record(
        uow,
        action="books.vouchers.synced",
        subject_type="voucher_sync",
        subject_id=entity_id,
        entity_id=entity_id,
        after={"provider": provider, "through": through.isoformat(), "new": new, "changed": changed},
    )


def voucher_syncs(uow: UnitOfWork) -> list[VoucherSyncView]:
    """How far each entity's bookkeeping was read."""
    scope = uow.actor.scope(Permission.BOOKS_READ)
    rows = uow.session.scalars(select(VoucherSync).where(scope.allows(VoucherSync.entity_id)))
    return [VoucherSyncView(row.entity_id, row.provider, row.synced_through, row.synced_at) for row in rows]


def vouchers(
    uow: UnitOfWork,
    *,
    text: str = "",
    status: str | None = None,
    before: VoucherMark | None = None,
    limit: int = 50,
) -> list[VoucherView]:
    """Vouchers the reader may see, newest first, by number or contact (`text`) and status."""
    scope = uow.actor.scope(Permission.BOOKS_READ)
    query = select(Voucher).where(scope.allows(Voucher.entity_id))
    if text:
        query = query.where(
            or_(Voucher.number.icontains(text, autoescape=True), Voucher.contact.icontains(text, autoescape=True))
        )
    if status is not None:
        query = query.where(Voucher.status == status)
    if before is not None:
        query = query.where(
            (Voucher.voucher_on < before.day) | ((Voucher.voucher_on == before.day) & (Voucher.id < before.id))
        )
    rows = uow.session.scalars(query.order_by(Voucher.voucher_on.desc(), Voucher.id.desc()).limit(limit))
    return [_view(row) for row in rows]


def _values(voucher: bookkeeping.Voucher, zone: str) -> dict[str, Any]:
    try:
        total = Money.parse(voucher.total, voucher.currency).minor
        opened = None if voucher.open is None else Money.parse(voucher.open, voucher.currency).minor
    except Invalid as error:
        raise Invalid(f"Voucher {voucher.number[:40]} has no usable amount.", number=voucher.number[:40]) from error
    return {
        "external_id": voucher.external_id[:100],
        "kind": voucher.kind[:40],
        "status": voucher.status[:40],
        "number": voucher.number[:100],
        "voucher_on": voucher.voucher_on,
        "voucher_at": day_bounds(voucher.voucher_on, zone)[0],
        "due_on": voucher.due_on,
        "contact": (voucher.contact or "")[:200] or None,
        "total_minor": total,
        "open_minor": opened,
        "currency": voucher.currency,
        "archived": voucher.archived,
        "updated_at": voucher.updated_at,
    }


def _view(row: Voucher) -> VoucherView:
    opened = None if row.open_minor is None else Money(row.open_minor, row.currency)
    return VoucherView(
        row.id,
        row.entity_id,
        row.provider,
        row.external_id,
        row.kind,
        row.status,
        row.number,
        row.voucher_on,
        row.due_on,
        row.contact,
        Money(row.total_minor, row.currency),
        opened,
        row.archived,
    )
