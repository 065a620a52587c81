"""What leaves audit."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.core.clock import day_bounds
from services.core.errors import Invalid

FEWEST_SINKS = 2


@dataclass(frozen=True, slots=True)
class AuditEntryView:
    """One entry. `leaf` is its place in the tree, None until it is sealed; `is_erased` says that what was personal
    in it is gone.
    """

    id: uuid.UUID
    recorded_at: dt.datetime
    action: str
    outcome: str
    actor_kind: str
    actor_id: uuid.UUID | None
    actor_name: str
    on_behalf_of: str | None
    entity_id: uuid.UUID | None
    subject_type: str
    subject_id: str
    reason: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    session_id: uuid.UUID | None
    address: str | None
    request_id: str
    leaf: int | None = None
    is_erased: bool = False


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What a reader looks for; None means anything. `since` is inclusive, `until` exclusive.

    `action` is a whole action or its beginning up to a dot (`reconciliation.run`). `text` is words, or their
    beginnings, that all stand somewhere in the entry: action, actor, subject, reason, values before and after.
    """

    text: str | None = None
    actor_id: uuid.UUID | None = None
    actor_kind: str | None = None
    action: str | None = None
    subject_type: str | None = None
    subject_id: str | None = None
    entity_id: uuid.UUID | None = None
    outcome: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None

    @classmethod
    def from_address(cls, query: Mapping[str, str], time_zone: str) -> AuditFilter:
        """The filter that stands in a page's address; its days (`from`, `to`, both included) are days in `time_zone`.

        Raises Invalid for an id or a day that is none.
        """
        try:
            first, last = (_day(query.get(name)) for name in ("from", "to"))
            return cls(
                text=query.get("q") or None,
                actor_id=_id(query.get("actor")),
                actor_kind=query.get("by") or None,
                action=query.get("action") or None,
                subject_type=query.get("subject_type") or None,
                subject_id=query.get("subject") or None,
                entity_id=_id(query.get("entity")),
                outcome=query.get("outcome") or None,
                since=day_bounds(first, time_zone)[0] if first else None,
                until=day_bounds(last, time_zone)[1] if last else None,
            )
        except (ValueError, OverflowError):
            raise Invalid("This address does not hold a filter of the audit log; start again without it.") from None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Entries newest first; `older` and `newer` are the cursors of the neighbouring pages, None at the ends."""

    entries: tuple[AuditEntryView, ...]
    older: str | None
    newer: str | None


@dataclass(frozen=True, slots=True)
class CheckpointView:
    """A signed head of the tree; `root` in hex, `note` as it was written to the sinks."""

    number: int
    size: int
    root: str
    signed_at: dt.datetime
    note: str


@dataclass(frozen=True, slots=True)
class SinkView:
    """A place outside the database: up to which tree it has the checkpoints, and what stands in the way."""

    name: str
    kind: str
    delivered_size: int | None
    delivered_at: dt.datetime | None
    failures: int
    last_error: str | None
    retry_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it was signed. `kind` is stable; `entry_id` and `leaf` where they are known."""

    kind: str
    sentence: str
    entry_id: str | None = None
    leaf: int | None = None


@dataclass(frozen=True, slots=True)
class VerificationView:
    """One verification: leaves [since, size) were hashed anew and compared with `checkpoints` signed heads.

    `findings` are at most a hundred; `problems` counts all.
    """

    started_at: dt.datetime
    finished_at: dt.datetime
    size: int
    since: int
    checkpoints: int
    problems: int
    findings: tuple[Finding, ...]
    started_by: str

    @property
    def is_whole(self) -> bool:
        return self.problems == 0


@dataclass(frozen=True, slots=True)
class AuditStatus:
    """How the log stands: entries without a leaf and the age of the oldest of them in seconds, the last checkpoint,
    the sinks and the last verification.
    """

    unsealed: int
    oldest_unsealed_seconds: float
    checkpoint: CheckpointView | None
    checkpoint_age_seconds: float | None
    sinks: tuple[SinkView, ...]
    verification: VerificationView | None

    @property
    def failing(self) -> tuple[SinkView, ...]:
        """Sinks that did not take the last delivery."""
        return tuple(sink for sink in self.sinks if sink.failures)

    @property
    def lacks_sinks(self) -> bool:
        """Fewer places than `FEWEST_SINKS` receive the checkpoints: one alone can be lost, or be had."""
        return len(self.sinks) < FEWEST_SINKS


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry stands in the log: its canonical bytes, its leaf, the path to the root of a signed checkpoint.

    Hashes are hex. `personal` and `salt` (hex) open the entry's commitment and are None once erased.
    """

    entry_id: uuid.UUID
    leaf: int
    size: int
    canonical: str
    path: tuple[str, ...]
    personal: str | None
    salt: str | None
    checkpoint: str


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _id(text: str | None) -> uuid.UUID | None:
    return uuid.UUID(text) if text else None
