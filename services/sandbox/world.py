"""The sandbox as a whole: seed it, move its time on, ask it what was planted."""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.core.clock import Clock
from services.core.errors import NotFound
from services.sandbox import planted
from services.sandbox.api.view import View
from services.sandbox.delivery import deliver_files
from services.sandbox.endpoints import start_from
from services.sandbox.generator import World, extend, start
from services.sandbox.generator.steps import world_of
from services.sandbox.ids import Ids
from services.sandbox.locks import alone
from services.sandbox.profile import ENTITIES, EntityProfile
from services.sandbox.store import Store
from services.sandbox.webhooks import deliver_events

DEFAULT_SEED = "kontor"
DEFAULT_DAYS = 90
DEFAULT_PER_DAY = 150
DEFAULT_PORT = 12111


class NotSeeded(NotFound):
    """Nothing has been generated in this data folder."""

    code = "sandbox_not_seeded"


@dataclass(frozen=True)
class Grown:
    """What a step of time brought: days generated, files written, webhooks accepted."""

    days: int
    files: int
    webhooks: int = 0


@dataclass(frozen=True)
class Realm:
    """One entity with its store and its ids."""

    entity: EntityProfile
    store: Store
    ids: Ids

    def view(self, now: int) -> View:
        """The account as Stripe shows it at an instant."""
        founded = dt.datetime(world_of(self.store).start.year - 2, 1, 1, tzinfo=dt.UTC)
        return View(self.entity, self.store, self.ids, int(founded.timestamp()), now)


def seed(
    data_dir: Path,
    *,
    seed: str | int = DEFAULT_SEED,
    days: int = DEFAULT_DAYS,
    per_day: int = DEFAULT_PER_DAY,
    now: dt.datetime | None = None,
) -> Grown:
    """Makes the world anew: `days` full days up to today, `per_day` payments a day over both entities.

    Everything follows from (seed, days, per_day, the day of `now`). Files that stood in the inbox are replaced.
    The keys in `connection.json` stay as they are when there are some. Raises SandboxInUse while a server runs.
    """
    with alone(data_dir):
        return _seed(data_dir, str(seed), days, per_day, now or dt.datetime.now(dt.UTC))


def _seed(data_dir: Path, seed: str, days: int, per_day: int, instant: dt.datetime) -> Grown:
    _set_clock(data_dir, instant)
    _connect(data_dir, seed)
    first = int(instant.timestamp())
    world = World(seed, days, per_day, instant.date() - dt.timedelta(days=days), first)
    made = files = 0
    for entity in ENTITIES:
        store = Store.create(_path(data_dir, entity))
        start(store, entity, world)
        made += extend(store, entity, first)
        files += deliver_files(data_dir, store, entity, Ids(world.seed, entity.code), first, anew=True)
        start_from(store, first)
        store.close()
    return Grown(made, files)


def grow(data_dir: Path, realms: list[Realm], now: int) -> Grown:
    """Brings the world up to `now`: days ahead, files that are due, webhooks of events that have come."""
    made = files = 0
    for realm in realms:
        made += extend(realm.store, realm.entity, now)
        files += deliver_files(data_dir, realm.store, realm.entity, realm.ids, now)
    return Grown(made, files, sum(deliver_events(realm.view(now)) for realm in realms))


def advance(data_dir: Path, days: int) -> Grown:
    """Moves the world's clock on by whole days and does all that becomes due on the way.

    Raises NotSeeded when there is no world, ValueError for less than one day.
    """
    if days < 1:
        raise ValueError("time only moves forward: days must be at least 1")
    realms = open_realms(data_dir)
    now = clock(data_dir).now() + dt.timedelta(days=days)
    for realm in realms:
        extend(realm.store, realm.entity, int(now.timestamp()))
    _set_clock(data_dir, now)
    grown = grow(data_dir, realms, int(now.timestamp()))
    for realm in realms:
        realm.store.close()
    return Grown(days, grown.files, grown.webhooks)


def truth(data_dir: Path, *, now: dt.datetime | None = None) -> dict[str, Any]:
    """What was planted and a run through yesterday can see, by definition. Raises NotSeeded."""
    instant = int((now or clock(data_dir).now()).timestamp())
    settlement: list[dict[str, Any]] = []
    payouts: dict[str, list[dict[str, Any]]] = {"breaks": [], "matches": [], "expected": []}
    for realm in open_realms(data_dir):
        through = planted.yesterday(instant, realm.entity.zone)
        settlement += planted.settlement_breaks(realm.store, realm.entity, realm.ids, through)
        for name, items in planted.payout_story(realm.store, realm.entity, realm.ids, through).items():
            payouts[name] += items
        realm.store.close()
    return planted.summed(settlement, payouts)


def is_seeded(data_dir: Path) -> bool:
    return all(_path(data_dir, entity).exists() for entity in ENTITIES)


def open_realms(data_dir: Path) -> list[Realm]:
    """Each entity's store, opened. Raises NotSeeded."""
    if not is_seeded(data_dir):
        raise NotSeeded("There is no sandbox in this data folder yet. Run `kontor sandbox seed` first.")
    realms = []
    for entity in ENTITIES:
        store = Store(_path(data_dir, entity))
        realms.append(Realm(entity, store, Ids(world_of(store).seed, entity.code)))
    return realms


def clock(data_dir: Path) -> Clock:
    """The world's clock: the wall clock plus what `advance` added."""
    return Clock(data_dir / "sandbox" / "clock.json")


def connection(data_dir: Path) -> dict[str, Any]:
    """Address and keys of the sandbox's Stripe server. Raises NotSeeded."""
    try:
        return json.loads((data_dir / "sandbox" / "connection.json").read_text())
    except FileNotFoundError:
        raise NotSeeded("There is no sandbox in this data folder yet. Run `kontor sandbox seed` first.") from None


def set_address(data_dir: Path, api_base: str) -> None:
    """Writes where the server listens."""
    stored = connection(data_dir)
    _write(data_dir / "sandbox" / "connection.json", {**stored, "api_base": api_base}, private=True)


def set_post(data_dir: Path, *, mail_port: int) -> None:
    """Writes where letters and checkpoints are caught: mail at an SMTP port, the rest at the server's own address."""
    stored = connection(data_dir)
    base = stored["api_base"]
    mail = {"host": "127.0.0.1", "port": mail_port, "page": f"{base}/sandbox/mails"}
    post = {"mail": mail, "chat": f"{base}/sandbox/chat", "checkpoints": f"{base}/sandbox/checkpoints"}
    _write(data_dir / "sandbox" / "connection.json", {**stored, **post}, private=True)


def post_address(data_dir: Path) -> str:
    """Where a browser reads what was caught. Raises NotSeeded."""
    return f"{connection(data_dir)['api_base']}/sandbox/mails"


def _connect(data_dir: Path, seed: str) -> None:
    path = data_dir / "sandbox" / "connection.json"
    known: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    accounts = {}
    for entity in ENTITIES:
        former = known.get("accounts", {}).get(entity.code, {})
        accounts[entity.code] = {
            "api_key": former.get("api_key") or f"sk_test_{secrets.token_hex(24)}",
            "webhook_secret": former.get("webhook_secret") or f"whsec_{secrets.token_hex(24)}",
            "account_id": Ids(seed, entity.code).account,
        }
    base = known.get("api_base", f"http://127.0.0.1:{DEFAULT_PORT}")
    _write(path, {"api_base": base, "accounts": accounts}, private=True)


def _set_clock(data_dir: Path, instant: dt.datetime) -> None:
    offset = round((instant - dt.datetime.now(dt.UTC)).total_seconds())
    _write(data_dir / "sandbox" / "clock.json", {"offset_seconds": offset if abs(offset) > 1 else 0})


def _write(path: Path, value: dict[str, Any], *, private: bool = False) -> None:
    """Replaces a file in one step, so that no reader meets half of it."""
    draft = path.with_name(path.name + ".new")
    draft.touch(mode=0o600 if private else 0o644)
    draft.write_text(json.dumps(value, indent=2) + "\n")
    os.replace(draft, path)


def _path(data_dir: Path, entity: EntityProfile) -> Path:
    return data_dir / "sandbox" / f"{entity.code}.sqlite3"
