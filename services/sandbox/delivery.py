"""Files for the inbox: the bank's statements and the books' exports of every day that is over."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from pathlib import Path

from services.sandbox.bank import file_name, render, write_statement, zipped
from services.sandbox.books import Ledger
from services.sandbox.days import is_business_day, local_day
from services.sandbox.generator.steps import world_of
from services.sandbox.ids import Ids
from services.sandbox.profile import EntityProfile
from services.sandbox.store import Store


def deliver_files(
    data_dir: Path, store: Store, entity: EntityProfile, ids: Ids, now: int, *, anew: bool = False
) -> int:
    """Writes what a day leaves behind once it is over; returns how many files. `anew` empties the inbox first."""
    inbox = data_dir / "inbox" / entity.code
    if anew:
        shutil.rmtree(inbox, ignore_errors=True)
    for name in ("bank", "books"):
        (inbox / name).mkdir(parents=True, exist_ok=True)
    ledger = Ledger(store, entity, ids)
    written = 0
    while True:
        with store.writing():
            day = _next_day(store)
            if day >= local_day(now, entity.zone):
                return written
            _put(inbox / "books" / f"ledger-{day.isoformat()}.csv", ledger.csv(day).encode())
            written += 1 + _statements(inbox / "bank", store, entity, day)
            store.remember("delivered_through", day.isoformat())


def _statements(folder: Path, store: Store, entity: EntityProfile, day: dt.date) -> int:
    if not is_business_day(day):
        return 0
    for account in entity.bank_accounts:
        statement = write_statement(store, account, day)
        name = file_name(account, day)
        _put(folder / name, zipped(render(store, entity, account, statement), name))
    return len(entity.bank_accounts)


def _next_day(store: Store) -> dt.date:
    delivered = store.meta("delivered_through")
    return dt.date.fromisoformat(delivered) + dt.timedelta(days=1) if delivered else world_of(store).start


def _put(path: Path, content: bytes) -> None:
    """A watched folder must never show half a file."""
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(content)
    os.replace(draft, path)
