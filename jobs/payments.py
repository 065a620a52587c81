"""Runs of payments: reading Stripe, proving that nothing was skipped, applying events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from jobs.registry import job
from jobs.runner import RunContext
from services import payments
from services.core.clock import Clock
from services.integrations.stripe_gateway import AccountClient
from services.payments import AccountView, EventState, StripeObject

_BATCH = 300
_CHECKED_AT_ONCE = dt.timedelta(days=14)
_NAMED = 50


@dataclass
class _Reader:
    """One account in one run: where to ask, where to store, what it brought so far."""

    ctx: RunContext
    account: AccountView
    client: AccountClient
    read: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)

    @property
    def clock(self) -> Clock:
        return self.ctx.app.database.clock

    def note(self, name: str, read: int, changed: int) -> None:
        self.read[name] = self.read.get(name, 0) + read
        self.changed[name] = self.changed.get(name, 0) + changed
        self.ctx.progress(sum(self.read.values()), phase=f"{self.account.code}: {name}")


@job(payments.SYNC)
def sync(ctx: RunContext, params: payments.SyncParams) -> dict[str, Any]:
    """Brings every account up to the present: new objects, older ones that changed, payouts' parts, waiting events."""
    until = ctx.app.database.clock.now()
    told = {}
    for reader in _readers(ctx, params.entity_id):
        opened = _meet(reader)
        _look_again(reader, {kind: _read_new(reader, kind, until, opened) for kind in StripeObject})
        _link_payouts(reader)
        _apply_waiting(reader)
        told[reader.account.code] = {"read": reader.read, "changed": reader.changed}
    return {"until": until.isoformat(), "accounts": told}


@job(payments.CHECK)
def check(ctx: RunContext, params: payments.CheckParams) -> dict[str, Any]:
    """Compares ids with Stripe, stretch by stretch; `gapless` says whether nothing is missing and nothing unknown."""
    told = {reader.account.code: _checked_account(reader, params) for reader in _readers(ctx, params.entity_id)}
    gapless = all(not (one["missing"] or one["unknown"]) for kinds in told.values() for one in kinds.values())
    return {"gapless": gapless, "repaired": params.repair, "accounts": told}


@job(payments.APPLY_EVENTS)
def apply_events(ctx: RunContext, params: payments.ApplyEventsParams) -> dict[str, Any]:
    """Applies the received events of one account until none waits."""
    for reader in _readers(ctx, params.entity_id):
        if reader.account.id == params.account_id:
            with ctx.unit_of_work() as uow:
                payments.begin_applying(uow, account=reader.account)
            return _apply_waiting(reader)
    return {}


def _readers(ctx: RunContext, entity_id: Any) -> list[_Reader]:
    with ctx.unit_of_work() as uow:
        accounts = payments.accounts(uow, entity_id=entity_id)
    return [_Reader(ctx, account, ctx.app.stripe.account(account.code)) for account in accounts]


def _meet(reader: _Reader) -> dt.datetime:
    """Makes sure the key still opens the same account; returns when that account was made."""
    told = reader.client.account()
    with reader.ctx.unit_of_work() as uow:
        payments.confirm_account(uow, account=reader.account, stripe_account_id=told["id"])
    return dt.datetime.fromtimestamp(told.get("created") or 0, dt.UTC)


def _read_new(reader: _Reader, kind: StripeObject, until: dt.datetime, opened: dt.datetime) -> dt.datetime:
    """Reads what is not covered yet; returns since when objects of this kind are fresh.

    A second round follows when the first only finished what a kill had left.
    """
    fresh_since = until
    while True:
        with reader.ctx.unit_of_work() as uow:
            windows = payments.plan_windows(
                uow, account=reader.account, kind=kind, until=until, opened=opened, run_id=reader.ctx.run_id
            )
        if not windows:
            return fresh_since
        untouched = [window.from_at for window in windows if window.after_ref is None]
        fresh_since = min([fresh_since, *untouched])
        with closing(payments.read_windows(reader.client, windows, reader.clock)) as chunks:
            for chunk in chunks:
                with reader.ctx.unit_of_work() as uow:
                    changed = payments.store_chunk(uow, chunk=chunk)
                reader.note(kind, len(chunk.snapshots), changed)
                reader.ctx.safe_point()
        with reader.ctx.unit_of_work() as uow:
            payments.advance_cursor(uow, account=reader.account, kind=kind)


def _look_again(reader: _Reader, fresh_since: dict[StripeObject, dt.datetime]) -> None:
    """Fetches what may have changed since it was made; charges first, because payments follow them."""
    with reader.ctx.unit_of_work() as uow:
        wanted = payments.touched_refs(uow, account=reader.account, since=min(fresh_since.values()))
        for kind in StripeObject:
            moving = payments.moving_refs(uow, account=reader.account, kind=kind, before=fresh_since[kind])
            wanted[kind] = list(dict.fromkeys([*wanted.get(kind, []), *moving]))
    for kind in StripeObject:
        if wanted[kind]:
            _fetch(reader, kind, wanted[kind])


def _fetch(reader: _Reader, kind: StripeObject, refs: Sequence[str]) -> None:
    """One by one, or by listing the time they were made in where that is less to ask."""
    with reader.ctx.unit_of_work() as uow:
        stretch = payments.stretch_over(uow, account=reader.account, kind=kind, refs=refs)
    if stretch is not None:
        with closing(payments.read_windows(reader.client, [stretch], reader.clock)) as chunks:
            for chunk in chunks:
                _store_again(reader, kind, chunk.snapshots)
        return
    for batch in _batches(refs):
        _store_again(reader, kind, payments.read_objects(reader.client, kind, batch, reader.clock))


def _store_again(reader: _Reader, kind: StripeObject, snapshots: Sequence[payments.Snapshot]) -> None:
    with reader.ctx.unit_of_work() as uow:
        changed = payments.store_objects(uow, account=reader.account, kind=kind, snapshots=snapshots)
    reader.note(f"{kind} again", len(snapshots), changed)
    reader.ctx.safe_point()


def _link_payouts(reader: _Reader) -> None:
    with reader.ctx.unit_of_work() as uow:
        payouts = payments.unlinked_payouts(uow, account=reader.account)
    for payout in payouts:
        parts = payments.read_payout_parts(reader.client, payout, reader.clock)
        with reader.ctx.unit_of_work() as uow:
            linked = payments.link_payout_parts(uow, account=reader.account, payout=payout, parts=parts)
        reader.note("payout parts", len(parts), linked)
        reader.ctx.safe_point()


def _apply_waiting(reader: _Reader) -> dict[str, int]:
    done: dict[str, int] = dict.fromkeys(("applied", "superseded", "ignored"), 0)
    while True:
        with reader.ctx.unit_of_work() as uow:
            events = payments.waiting_events(uow, account=reader.account)
            plan = payments.plan_events(uow, account=reader.account, events=events)
        if not events:
            return done
        fetched = {
            kind: payments.read_objects(reader.client, kind, refs, reader.clock) for kind, refs in plan.fetch.items()
        }
        with reader.ctx.unit_of_work() as uow:
            for kind in StripeObject:
                snapshots = [*plan.trusted.get(kind, []), *fetched.get(kind, [])]
                payments.store_objects(uow, account=reader.account, kind=kind, snapshots=snapshots)
            for state, settled in (
                (EventState.APPLIED, plan.applied),
                (EventState.SUPERSEDED, plan.superseded),
                (EventState.IGNORED, plan.ignored),
            ):
                payments.settle_events(uow, account=reader.account, events=settled, state=state)
                done[state] += len(settled)
        reader.note("events", len(events), len(plan.applied))
        reader.ctx.safe_point()


def _checked_account(reader: _Reader, params: payments.CheckParams) -> dict[str, Any]:
    with reader.ctx.unit_of_work() as uow:
        covered = payments.coverage(uow, account=reader.account)
    told: dict[str, Any] = {}
    for one in covered:
        start = one.covered_from
        if params.days is not None:
            start = max(start, one.covered_until - dt.timedelta(days=params.days))
        told[one.object_type] = _checked_kind(
            reader, StripeObject(one.object_type), start, one.covered_until, params.repair
        )
    return told


def _checked_kind(
    reader: _Reader, kind: StripeObject, start: dt.datetime, end: dt.datetime, repair: bool
) -> dict[str, Any]:
    found: dict[str, Any] = {"stripe": 0, "here": 0, "missing": 0, "unknown": 0, "repaired": 0, "ids": []}
    from_at, length = start, _CHECKED_AT_ONCE
    while from_at < end:
        to_at = min(from_at + length, end)
        listed = payments.read_range(reader.client, kind, from_at, to_at, reader.clock)
        with reader.ctx.unit_of_work() as uow:
            result = payments.compare_window(
                uow,
                account=reader.account,
                kind=kind,
                from_at=from_at,
                to_at=to_at,
                listed=[snapshot.raw["id"] for snapshot in listed],
            )
            if repair and result.missing:
                found["repaired"] += payments.repair_window(uow, account=reader.account, check=result, snapshots=listed)
        found["stripe"] += result.at_stripe
        found["here"] += result.here
        found["missing"] += len(result.missing)
        found["unknown"] += len(result.unknown)
        found["ids"] = [*found["ids"], *result.missing, *result.unknown][:_NAMED]
        reader.note(f"check {kind}", result.at_stripe, 0)
        reader.ctx.safe_point()
        from_at, length = to_at, _CHECKED_AT_ONCE if listed else length * 2
    return found


def _batches(refs: Sequence[str]) -> Iterable[Sequence[str]]:
    return (refs[at : at + _BATCH] for at in range(0, len(refs), _BATCH))
