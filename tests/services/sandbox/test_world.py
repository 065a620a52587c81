from __future__ import annotations

import csv
import datetime as dt
import hashlib
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services import sandbox
from services.sandbox.locks import alone

NOW = dt.datetime(2026, 11, 18, 14, 30, tzinfo=dt.UTC)
CODES = [entity.code for entity in sandbox.profile()]


def rows(folder: Path, entity: str, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(folder / "sandbox" / f"{entity}.sqlite3")) as connection:
        return connection.execute(query).fetchall()


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "inbox").rglob("*"))
        if path.is_file()
    }


def ledger(folder: Path, entity: str) -> dict[str, dict[str, str]]:
    """The books as an importer has them in the end: the last line of each `entry_id`."""
    lines = {}
    for path in sorted((folder / "inbox" / entity / "books").glob("*.csv")):
        with path.open(newline="") as file:
            lines.update({line["entry_id"]: line for line in csv.DictReader(file)})
    return lines


def test_the_same_seed_gives_the_same_world(tmp_path: Path) -> None:
    first, second, other = (tmp_path / name for name in ("a", "b", "c"))
    for folder, seed in ((first, 3), (second, 3), (other, 4)):
        sandbox.seed(folder, seed=seed, days=12, per_day=30, now=NOW)
    assert fingerprint(first) == fingerprint(second)
    assert sandbox.truth(first, now=NOW) == sandbox.truth(second, now=NOW)
    assert fingerprint(first) != fingerprint(other)


def test_two_entities_with_valid_ibans() -> None:
    assert CODES == ["mh-de", "mh-ch"]
    for entity in sandbox.profile():
        for account in entity.bank_accounts:
            digits = "".join(str(int(char, 36)) for char in account.iban[4:] + account.iban[:4])
            assert int(digits) % 97 == 1


@pytest.mark.parametrize("entity", CODES)
def test_a_payout_is_the_sum_of_its_movements(world: Path, entity: str) -> None:
    sums = rows(world, entity, "SELECT payout, sum(amount - fee) FROM bt WHERE payout IS NOT NULL GROUP BY payout")
    assert len(sums) > 20
    assert {total for _, total in sums} == {0}
    own = rows(
        world, entity, "SELECT count(*) FROM payout JOIN bt ON bt.n = payout.bt AND bt.amount = -payout.amount "
        "AND bt.payout = payout.n AND bt.currency = payout.currency",
    )  # fmt: skip
    assert own[0][0] == len(sums)
    late = rows(world, entity, "SELECT count(*) FROM bt JOIN payout p ON p.n = bt.payout WHERE bt.created > p.created")
    assert late[0][0] == 0


@pytest.mark.parametrize("entity", CODES)
def test_every_class_is_planted_at_least_five_times(world: Path, entity: str) -> None:
    truth = sandbox.truth(world, now=NOW)["definitions"]
    settlement = Counter(item["class"] for item in truth["settlement"]["breaks"] if item["entity"] == entity)
    assert set(settlement) == {
        "missing_left", "missing_right", "amount", "currency", "status", "fee", "duplicate", "timing",
    }  # fmt: skip
    assert min(settlement.values()) >= 5
    payouts = Counter(item["class"] for item in truth["payouts"]["breaks"] if item["entity"] == entity)
    assert set(payouts) == {"missing_left", "missing_right", "amount"}
    kinds = Counter(item["kind"] for item in truth["payouts"]["matches"] if item["entity"] == entity)
    assert kinds["mangled"] >= 3
    assert kinds["batch"] >= 1


@pytest.mark.parametrize("entity", CODES)
def test_the_books_differ_from_stripe_exactly_as_planted(world: Path, entity: str) -> None:
    """An independent comparison of the files with the stored movements, as of the end of yesterday."""
    zone = next(item.zone for item in sandbox.profile() if item.code == entity)
    found = compare(world, entity, zone)
    planted = Counter(
        (item["class"], item["key"])
        for item in sandbox.truth(world, now=NOW)["definitions"]["settlement"]["breaks"]
        if item["entity"] == entity
    )
    assert found == planted


def compare(world: Path, entity: str, zone: str) -> Counter[tuple[str, str]]:
    from services.sandbox.books import decimal, key_of, status_of
    from services.sandbox.days import local_bounds, local_day
    from services.sandbox.ids import Ids
    from services.sandbox.store import Store

    now = int(NOW.timestamp())
    end = local_bounds(local_day(now, zone), zone)[0]
    ids = Ids("7", entity)
    store = Store(world / "sandbox" / f"{entity}.sqlite3")
    query = (
        "SELECT bt.*, c.settled_at, c.failed_at, d.review_at, d.closed_at, d.won FROM bt "
        "LEFT JOIN charge c ON bt.kind <= 3 AND c.n = bt.source LEFT JOIN dispute d ON bt.kind IN (6, 7) "
        "AND d.n = bt.source WHERE bt.created < ? AND bt.kind <> 8"
    )
    stripe = {key_of(ids, row): row for row in store.all(query, end)}
    breaks: Counter[tuple[str, str]] = Counter()
    seen: set[str] = set()
    for line in ledger(world, entity).values():
        key = f"{line['reference']}:{line['type']}"
        row = stripe.get(key)
        if row is None:
            breaks["missing_right", key] += 1
            continue
        posted = dt.datetime.fromisoformat(line["posted_at"]).timestamp()
        rules = (
            ("duplicate", key in seen),
            ("currency", line["currency"] != row["currency"]),
            ("amount", line["amount"] != decimal(row["amount"], row["currency"])),
            ("fee", line["fee"] != decimal(row["fee"], row["currency"])),
            ("status", line["status"] != status_of(row, now)),
            ("timing", abs(posted - row["created"]) > 3 * 86_400),
        )
        seen.add(key)
        wrong = next((name for name, broken in rules if broken), None)
        if wrong:
            breaks[wrong, key] += 1
    breaks.update(("missing_left", key) for key in stripe.keys() - seen)
    store.close()
    return breaks


def test_no_file_of_a_day_that_is_not_over(world: Path) -> None:
    days = {path.stem.removeprefix("ledger-") for path in (world / "inbox" / "mh-de" / "books").glob("*.csv")}
    assert max(days) == "2026-11-17"
    assert len(days) == 36
    assert not list((world / "inbox").rglob("*.part"))


def test_advancing_reveals_more_and_keeps_what_was(tmp_path: Path) -> None:
    sandbox.seed(tmp_path, seed=5, days=15, per_day=40, now=NOW)
    before, truth = fingerprint(tmp_path), sandbox.truth(tmp_path)
    grown = sandbox.advance(tmp_path, 6)
    after = fingerprint(tmp_path)
    assert before.items() <= after.items()
    assert grown.files == len(after) - len(before)
    assert "inbox/mh-de/books/ledger-2026-11-23.csv" in after
    later = sandbox.truth(tmp_path)
    assert sum(later["definitions"]["settlement"]["counts"].values()) > sum(
        truth["definitions"]["settlement"]["counts"].values()
    )
    assert rows(tmp_path, "mh-de", "SELECT value FROM meta WHERE key = 'generated_through'") == [(b'"2026-11-26"',)]


def test_a_served_world_is_not_seeded_anew(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(sandbox.SandboxInUse, match="Stop it first"):
        sandbox.seed(tmp_path, seed=1, days=3, per_day=10, now=NOW)
    assert not list(tmp_path.rglob("*.sqlite3"))


def test_an_unseeded_folder_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(sandbox.NotSeeded, match="kontor sandbox seed"):
        sandbox.truth(tmp_path)
