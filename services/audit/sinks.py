"""Places outside the database that receive every checkpoint: what they hold, no administrator of it can take back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import delete, select

from services.audit.keys import write_whole
from services.audit.models import AuditCheckpoint, AuditSink
from services.audit.views import SinkView
from services.core.db import UnitOfWork
from services.core.errors import Unavailable
from services.core.permissions import Permission
from services.core.settings import Settings
from services.integrations import http_client

_AT_ONCE = 500
_PAUSE, _LONGEST_PAUSE = dt.timedelta(seconds=5), dt.timedelta(minutes=10)
_LONGEST_ERROR = 300


@dataclass(frozen=True, slots=True)
class Sink:
    """A folder, or the address of a webhook. `name` tells them apart and is shown; it carries no secret."""

    name: str
    kind: str
    target: str
    allow_private: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a sink still lacks: notes by number, oldest first."""

    sink: Sink
    notes: tuple[tuple[int, int, dt.datetime, str], ...]

    @property
    def last(self) -> tuple[int, int]:
        """Number and tree size of the newest."""
        return self.notes[-1][:2]


def sinks_of(settings: Settings) -> list[Sink]:
    """The configured places: folders (one in the data folder when none is named), and webhooks.

    On the sandbox its own receiver stands for the webhook that nobody named.
    """
    folders = settings.audit.sink_folders or [settings.data_dir / "audit" / "checkpoints"]
    found = [Sink(f"folder {folder}", "folder", str(folder)) for folder in folders]
    for number, hook in enumerate(settings.audit.sink_webhooks, 1):
        private = settings.audit.sink_webhooks_private
        found.append(Sink(f"webhook {number}", "webhook", hook.get_secret_value(), private))
    caught = (
        _sandbox_receiver(settings.data_dir) if settings.uses_sandbox and not settings.audit.sink_webhooks else None
    )
    return [*found, Sink("webhook sandbox", "webhook", caught, True)] if caught else found


def pending(uow: UnitOfWork, *, sinks: Sequence[Sink], now: dt.datetime) -> list[Delivery]:
    """For each sink that is not waiting to be tried again, the checkpoints it lacks. Others are forgotten."""
    uow.actor.require(Permission.AUDIT_SEAL)
    uow.session.execute(delete(AuditSink).where(AuditSink.name.not_in([sink.name for sink in sinks])))
    known = {row.name: row for row in uow.session.scalars(select(AuditSink))}
    found = []
    for sink in sinks:
        row = known.get(sink.name)
        if row is None:
            row = AuditSink(name=sink.name, kind=sink.kind, delivered=0, failures=0)
            uow.session.add(row)
        if row.retry_at is not None and row.retry_at > now:
            continue
        notes = uow.session.execute(
            select(AuditCheckpoint.number, AuditCheckpoint.size, AuditCheckpoint.signed_at, AuditCheckpoint.note)
            .where(AuditCheckpoint.number > row.delivered)
            .order_by(AuditCheckpoint.number)
            .limit(_AT_ONCE)
        ).all()
        if notes:
            found.append(Delivery(sink, tuple((n, size, at, note) for n, size, at, note in notes)))
    uow.session.flush()
    return found


def deliver(delivery: Delivery) -> str | None:
    """Carries it out, outside any transaction; returns what went wrong, in a sentence without secrets.

    A folder gets every note in a file of its day and the newest as `latest.txt`. A webhook gets the newest alone,
    which stands for those before it.
    """
    try:
        if delivery.sink.kind == "folder":
            _to_folder(Path(delivery.sink.target), delivery)
        else:
            _to_webhook(delivery)
    except OSError as error:
        return f"The folder cannot be written: {error.strerror or type(error).__name__}."[:_LONGEST_ERROR]
    except Exception as error:
        return (getattr(error, "sentence", "") or type(error).__name__)[:_LONGEST_ERROR]
    return None


def note_outcome(uow: UnitOfWork, *, delivery: Delivery, error: str | None, now: dt.datetime) -> None:
    """Writes down how a delivery ended; a failed one is tried again after a pause that doubles to 10 minutes."""
    uow.actor.require(Permission.AUDIT_SEAL)
    row = uow.session.get_one(AuditSink, delivery.sink.name)
    if error is None:
        row.delivered, row.delivered_size = delivery.last
        row.delivered_at, row.failures, row.last_error, row.retry_at = now, 0, None, None
        return
    row.failures += 1
    row.last_error = error
    row.retry_at = now + min(_PAUSE * 2 ** min(row.failures - 1, 10), _LONGEST_PAUSE)


def sink_views(uow: UnitOfWork) -> tuple[SinkView, ...]:
    rows = uow.session.scalars(select(AuditSink).order_by(AuditSink.name))
    return tuple(SinkView(**{name: getattr(row, name) for name in SinkView.__slots__}) for row in rows)


def _sandbox_receiver(data_dir: Path) -> str | None:
    try:
        return json.loads((data_dir / "sandbox" / "connection.json").read_text()).get("checkpoints")
    except (OSError, ValueError):
        return None


def _to_folder(folder: Path, delivery: Delivery) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for _, size, at, note in delivery.notes:
        line = json.dumps({"size": size, "signed_at": at.isoformat(), "note": note})
        with (folder / f"checkpoints-{at:%Y-%m-%d}.ndjson").open("a") as file:
            file.write(line + "\n")
    write_whole(folder / "latest.txt", delivery.notes[-1][3])


def _to_webhook(delivery: Delivery) -> None:
    sink, note = delivery.sink, delivery.notes[-1][3]
    headers = {"Content-Type": "text/plain; charset=utf-8", "User-Agent": "Kontor"}
    answer = http_client.post(sink.target, content=note.encode(), headers=headers, allow_private=sink.allow_private)
    if not answer.is_success:
        raise Unavailable(f"The receiver answered with status {answer.status}.")
