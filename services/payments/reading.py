"""Reading from Stripe ahead of the database: several windows at once, in chunks of some pages. No transaction here."""

from __future__ import annotations

import datetime as dt
import queue
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from services.core.clock import Clock
from services.integrations.stripe_gateway import AccountClient, Page
from services.payments.ingest import Snapshot
from services.payments.views import WindowView
from services.payments.vocabulary import StripeObject

CHUNK_PAGES = 10
_READERS = 3


@dataclass(frozen=True, slots=True)
class Chunk:
    """What some pages of a window held. `after` is where the next one goes on; `finished` when there is none."""

    window: WindowView
    snapshots: list[Snapshot]
    after: str | None
    finished: bool


class _Stopped(Exception):
    """The consumer went away; readers end at their next page."""


def read_windows(client: AccountClient, windows: Sequence[WindowView], clock: Clock) -> Generator[Chunk]:
    """The windows' objects as they come, newest first within each window. Raises what a reader raised."""
    chunks: queue.Queue[Chunk | BaseException | None] = queue.Queue(maxsize=_READERS * 2)
    stop = threading.Event()

    def put(item: Chunk | BaseException | None) -> None:
        while not stop.is_set():
            try:
                chunks.put(item, timeout=0.2)
                return
            except queue.Full:
                continue
        raise _Stopped

    def read(window: WindowView) -> None:
        try:
            for chunk in _chunks(client, window, clock):
                put(chunk)
            put(None)
        except _Stopped:
            return
        except BaseException as error:
            put(error)

    with ThreadPoolExecutor(_READERS, thread_name_prefix="stripe") as pool:
        try:
            for window in windows:
                pool.submit(read, window)
            yield from _consumed(chunks, len(windows))
        finally:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _consumed(chunks: queue.Queue[Chunk | BaseException | None], open_windows: int) -> Iterator[Chunk]:
    while open_windows:
        item = chunks.get()
        if isinstance(item, BaseException):
            raise item
        if item is None:
            open_windows -= 1
        else:
            yield item


def _chunks(client: AccountClient, window: WindowView, clock: Clock) -> Generator[Chunk]:
    after, snapshots, more, pages = window.after_ref, [], True, 0
    while more:
        seen_at = clock.now()
        page = client.page(window.object_type, created_from=window.from_at, created_before=window.to_at, after=after)
        snapshots.extend(Snapshot(raw, seen_at) for raw in page.rows)
        after = page.rows[-1]["id"] if page.rows else after
        more, pages = page.has_more and bool(page.rows), pages + 1
        if pages == CHUNK_PAGES or not more:
            yield Chunk(window, snapshots, after, not more)
            snapshots, pages = [], 0


def read_objects(client: AccountClient, kind: StripeObject, refs: Sequence[str], clock: Clock) -> list[Snapshot]:
    """The named objects as they are now; deleted ones are left out."""

    def read(ref: str) -> Snapshot | None:
        seen_at = clock.now()
        raw = client.retrieve(kind, ref)
        return None if raw is None or raw.get("deleted") else Snapshot(raw, seen_at)

    with ThreadPoolExecutor(_READERS, thread_name_prefix="stripe") as pool:
        return [snapshot for snapshot in pool.map(read, refs) if snapshot is not None]


def read_payout_parts(client: AccountClient, payout: str, clock: Clock) -> list[Snapshot]:
    """All balance transactions that Stripe says a payout paid out, its own negative one included."""
    return _all(lambda after: client.page(StripeObject.BALANCE_TRANSACTION, payout=payout, after=after), clock)


def read_range(
    client: AccountClient, kind: StripeObject, from_at: dt.datetime, to_at: dt.datetime, clock: Clock
) -> list[Snapshot]:
    """Every object of a kind created in [from_at, to_at)."""
    return _all(lambda after: client.page(kind, created_from=from_at, created_before=to_at, after=after), clock)


def _all(page_after: Callable[[str | None], Page], clock: Clock) -> list[Snapshot]:
    rows: list[Snapshot] = []
    more = True
    while more:
        seen_at = clock.now()
        page = page_after(rows[-1].raw["id"] if rows else None)
        rows.extend(Snapshot(raw, seen_at) for raw in page.rows)
        more = page.has_more and bool(page.rows)
    return rows
