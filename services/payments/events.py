"""Events that Stripe sends: stored once as they came, applied by a run.

They come at least once and in any order. An event's own copy of the object is used only when it is surely the
newest state known; in every doubt the object is fetched again, and an event older than what is stored is dropped.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from services import runs
from services.core.clock import UTC
from services.core.db import UnitOfWork
from services.core.errors import NotFound
from services.core.permissions import Permission
from services.payments.checking import TABLES
from services.payments.ingest import Snapshot
from services.payments.models import StripeAccount, SyncCursor, SyncWindow, WebhookEvent
from services.payments.views import AccountView, EventView
from services.payments.vocabulary import APPLY_EVENTS, ApplyEventsParams, EventState, StripeObject, WindowState

_DOUBT = dt.timedelta(seconds=5)
# What a webhook's copy of these lacks: fields that come only when asked for.
_ALWAYS_FETCHED = frozenset({StripeObject.INVOICE})
_LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """What to do with a batch of events: store these snapshots, fetch those objects, leave the rest."""

    trusted: dict[StripeObject, list[Snapshot]]
    fetch: dict[StripeObject, list[str]]
    superseded: list[EventView]
    ignored: list[EventView]
    applied: list[EventView]


def receive_event(uow: UnitOfWork, *, code: str, event: dict[str, Any], body: bytes) -> bool:
    """Stores a verified event of the account called `code` and sees that a run will apply it; False when known.

    Raises NotFound for an account that is not connected.
    """
    account = uow.session.scalar(select(StripeAccount).where(StripeAccount.code == code))
    if account is None:
        raise NotFound(f"There is no Stripe account “{code}” here.", code=code)
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    subject = (event.get("data") or {}).get("object") or {}
    stored = uow.session.scalar(
        insert(WebhookEvent)
        .values(
            entity_id=account.entity_id,
            account_id=account.id,
            provider="stripe",
            event_id=event["id"],
            type=str(event.get("type")),
            object_type=subject.get("object"),
            object_ref=subject.get("id"),
            made_at=dt.datetime.fromtimestamp(event["created"], UTC),
            body=body,
            state=EventState.RECEIVED,
        )
        .on_conflict_do_nothing(constraint="uq_webhook_event_provider_account_id_event_id")
        .returning(WebhookEvent.id)
    )
    if stored is not None:
        _see_to_it(uow, account)
    return stored is not None


def _see_to_it(uow: UnitOfWork, account: StripeAccount) -> None:
    """Queues a run unless one is queued that has not looked yet; holding the row keeps that one from looking now."""
    mine = StripeAccount.id == account.id
    claim = update(StripeAccount).where(mine, StripeAccount.events_due.is_(False)).values(events_due=True)
    while uow.session.scalar(claim.returning(StripeAccount.id)) is None:
        if uow.session.scalar(select(StripeAccount.events_due).where(mine).with_for_update(read=True)):
            return
    runs.enqueue(uow, kind=APPLY_EVENTS, params=ApplyEventsParams(entity_id=account.entity_id, account_id=account.id))


def begin_applying(uow: UnitOfWork, *, account: AccountView) -> None:
    """Says that a run looks now: an event stored after this commits queues the next one."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    uow.session.execute(update(StripeAccount).where(StripeAccount.id == account.id).values(events_due=False))


def waiting_events(uow: UnitOfWork, *, account: AccountView, limit: int = 500) -> list[EventView]:
    """Received events of an account that were not applied yet, oldest first."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    rows = uow.session.scalars(
        select(WebhookEvent)
        .where(WebhookEvent.account_id == account.id, WebhookEvent.state == EventState.RECEIVED)
        .order_by(WebhookEvent.made_at, WebhookEvent.id)
        .limit(limit)
    )
    return [
        EventView(row.id, row.event_id, row.type, row.object_type, row.object_ref, row.made_at, row.body)
        for row in rows
    ]


def oldest_event_ms(uow: UnitOfWork) -> int:
    """How long the oldest received event has been waiting to be applied, over all accounts; 0 when none waits."""
    uow.actor.require(Permission.RUN_EXECUTE)
    waiting = select(func.extract("epoch", func.clock_timestamp() - func.min(WebhookEvent.received_at))).where(
        WebhookEvent.state == EventState.RECEIVED
    )
    return int((uow.session.scalar(waiting) or 0) * 1000)


def plan_events(uow: UnitOfWork, *, account: AccountView, events: Sequence[EventView]) -> Plan:
    """Sorts events by what they can change; see the module's rule."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    plan = Plan({}, {}, [], [], [])
    grouped: dict[tuple[StripeObject, str], list[EventView]] = {}
    for event in events:
        kind = _kind_of(event)
        if kind is None or not event.object_ref:
            plan.ignored.append(event)
        else:
            grouped.setdefault((kind, event.object_ref), []).append(event)
    for kind in {kind for kind, _ in grouped}:
        mine = {ref: group for (other, ref), group in grouped.items() if other is kind}
        _plan_kind(uow, account, kind, mine, plan)
    return plan


def _plan_kind(
    uow: UnitOfWork, account: AccountView, kind: StripeObject, groups: dict[str, list[EventView]], plan: Plan
) -> None:
    stored_at, read_at = _stored_at(uow, account, kind, groups), _read_at(uow, account, kind)
    for ref, group in groups.items():
        newest, known = group[-1], stored_at.get(ref, _LONG_AGO)
        plan.superseded.extend(group[:-1])
        if newest.made_at < known - _DOUBT:
            plan.superseded.append(newest)
            continue
        plan.applied.append(newest)
        alone = all(newest.made_at - other.made_at > _DOUBT for other in group[:-1])
        surely_newer = read_at is not None and newest.made_at > max(known, read_at) + _DOUBT
        gone = newest.type == "customer.deleted"
        if gone or (alone and surely_newer and kind not in _ALWAYS_FETCHED):
            raw = orjson.loads(newest.body)["data"]["object"] | ({"deleted": True} if gone else {})
            plan.trusted.setdefault(kind, []).append(Snapshot(raw, newest.made_at))
        else:
            plan.fetch.setdefault(kind, []).append(ref)


def settle_events(uow: UnitOfWork, *, account: AccountView, events: Iterable[EventView], state: EventState) -> None:
    """Writes down what became of the events."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    ids = [event.id for event in events]
    if ids:
        uow.session.execute(
            update(WebhookEvent).where(WebhookEvent.id.in_(ids)).values(state=state, applied_at=uow.clock.now())
        )


def _kind_of(event: EventView) -> StripeObject | None:
    return StripeObject(event.object_type) if event.object_type in set(StripeObject) else None


def _stored_at(
    uow: UnitOfWork, account: AccountView, kind: StripeObject, refs: Iterable[str]
) -> dict[str, dt.datetime]:
    table = TABLES[kind]
    rows = uow.session.execute(
        select(table.stripe_id, table.source_at).where(table.account_id == account.id, table.stripe_id.in_(list(refs)))
    )
    return {row.stripe_id: row.source_at for row in rows}


def _read_at(uow: UnitOfWork, account: AccountView, kind: StripeObject) -> dt.datetime | None:
    """When this object type was last read; None while it is being read, or never was."""
    reading = uow.session.scalar(
        select(SyncWindow.id)
        .where(
            SyncWindow.account_id == account.id,
            SyncWindow.object_type == kind.value,
            SyncWindow.state == WindowState.OPEN,
        )
        .limit(1)
    )
    cursor = uow.session.get(SyncCursor, (account.id, kind.value))
    return None if reading is not None or cursor is None else cursor.read_at
