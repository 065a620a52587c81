"""Which stretches of time have to be read, and writing down that they were.

A window is a row: where it stands is saved in the transaction that stores its objects, so a killed sync goes on
at the page after the last stored one. An object type is complete up to its cursor, which moves only when every
window before it is done.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import uuid
from collections.abc import Iterable

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.payments.ingest import ingest
from services.payments.models import SyncCursor, SyncWindow
from services.payments.reading import Chunk
from services.payments.shapes import SHAPES
from services.payments.views import AccountView, WindowView
from services.payments.vocabulary import StripeObject, WindowState

_REREAD = dt.timedelta(days=1)
_LAG = dt.timedelta(seconds=2)
_KEPT = dt.timedelta(days=30)
_STRIPE_BEGAN = dt.datetime(2010, 1, 1, tzinfo=dt.UTC)
_LONGEST_WINDOW = dt.timedelta(days=21)
_MOST_WINDOWS = 6
_BULK = 2_000


def plan_windows(
    uow: UnitOfWork,
    *,
    account: AccountView,
    kind: StripeObject,
    until: dt.datetime,
    opened: dt.datetime | None = None,
    run_id: uuid.UUID | None = None,
) -> list[WindowView]:
    """The windows to read next: those a former run left open, else new ones up to `until`, else none.

    `opened` is when the account came to be (nothing is older). Each new stretch begins a day before what is
    covered, because objects change after they were made.
    """
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    left = _open_windows(uow, account, kind)
    if left:
        return left
    until = until.replace(microsecond=0) - _LAG
    cursor = uow.session.get(SyncCursor, (account.id, kind.value))
    if cursor is not None and cursor.covered_until >= until:
        return []
    start = (opened or _STRIPE_BEGAN) if cursor is None else max(cursor.covered_until - _REREAD, cursor.covered_from)
    for from_at, to_at in _split(start, until):
        uow.session.add(
            SyncWindow(
                account_id=account.id,
                run_id=run_id,
                object_type=kind.value,
                from_at=from_at,
                to_at=to_at,
                opened_at=uow.clock.now(),
            )
        )
    uow.session.flush()
    return _open_windows(uow, account, kind)


def store_chunk(uow: UnitOfWork, *, chunk: Chunk) -> int:
    """Stores some pages and how far their window is read, together. Returns how many rows were new or differed."""
    window = chunk.window
    uow.actor.require(Permission.PAYMENT_SYNC, window.account.entity_id)
    changed = ingest(uow, account=window.account, kind=window.object_type, snapshots=chunk.snapshots)
    uow.session.execute(
        update(SyncWindow)
        .where(SyncWindow.id == window.id)
        .values(
            after_ref=chunk.after,
            rows_read=SyncWindow.rows_read + len(chunk.snapshots),
            rows_changed=SyncWindow.rows_changed + changed,
            state=WindowState.DONE if chunk.finished else WindowState.OPEN,
            done_at=uow.clock.now() if chunk.finished else None,
        )
    )
    return changed


def advance_cursor(uow: UnitOfWork, *, account: AccountView, kind: StripeObject) -> None:
    """Moves the cursor to the end of the windows read, if none is open; forgets windows older than a month."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    mine = (SyncWindow.account_id == account.id, SyncWindow.object_type == kind.value)
    if _open_windows(uow, account, kind):
        return
    first, last, read_at = uow.session.execute(
        select(func.min(SyncWindow.from_at), func.max(SyncWindow.to_at), func.max(SyncWindow.done_at)).where(*mine)
    ).one()
    if last is None:
        return
    _refresh_statistics(uow, account, kind)
    statement = insert(SyncCursor).values(
        account_id=account.id, object_type=kind.value, covered_from=first, covered_until=last, read_at=read_at
    )
    uow.session.execute(
        statement.on_conflict_do_update(
            index_elements=[SyncCursor.account_id, SyncCursor.object_type],
            set_={
                "covered_from": func.least(SyncCursor.covered_from, statement.excluded.covered_from),
                "covered_until": func.greatest(SyncCursor.covered_until, statement.excluded.covered_until),
                "read_at": statement.excluded.read_at,
            },
        )
    )
    uow.session.execute(delete(SyncWindow).where(*mine, SyncWindow.done_at < uow.clock.now() - _KEPT))


def _refresh_statistics(uow: UnitOfWork, account: AccountView, kind: StripeObject) -> None:
    """After a bulk load the planner knows nothing of the rows until autovacuum comes by: minutes of wrong plans."""
    cursor = uow.session.get(SyncCursor, (account.id, kind.value))
    read_since = SyncWindow.done_at > cursor.read_at if cursor is not None else SyncWindow.done_at.is_not(None)
    mine = (SyncWindow.account_id == account.id, SyncWindow.object_type == kind.value, read_since)
    changed = uow.session.scalar(select(func.sum(SyncWindow.rows_changed)).where(*mine)) or 0
    if changed >= _BULK:
        uow.session.execute(text(f"ANALYZE {SHAPES[kind].table}"))


def _open_windows(uow: UnitOfWork, account: AccountView, kind: StripeObject) -> list[WindowView]:
    rows = uow.session.scalars(
        select(SyncWindow)
        .where(
            SyncWindow.account_id == account.id,
            SyncWindow.object_type == kind.value,
            SyncWindow.state == WindowState.OPEN,
        )
        .order_by(SyncWindow.from_at)
    )
    return [WindowView(row.id, account, kind, row.from_at, row.to_at, row.after_ref) for row in rows]


def _split(start: dt.datetime, end: dt.datetime) -> Iterable[tuple[dt.datetime, dt.datetime]]:
    """Whole seconds, no gap, no overlap: one window for up to three weeks, at most six."""
    if end <= start:
        return []
    count = min(math.ceil((end - start) / _LONGEST_WINDOW), _MOST_WINDOWS)
    edges = [start + (end - start) * n / count for n in range(count)]
    edges = [edge.replace(microsecond=0) for edge in edges] + [end]
    return [(a, b) for a, b in itertools.pairwise(edges) if a < b]
