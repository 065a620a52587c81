"""Writing the log, and erasing what is personal in it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, UUID, bindparam, text

from services.audit.policy import compose, microseconds
from services.audit.words import index_again
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.ids import new_id
from services.core.permissions import Permission

# On the driver, in a function that keeps its plan: an entry comes with every change, so every layer counts.
_APPEND = b"SELECT audit_append(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
_PERSONS = text(
    "SELECT e.id FROM audit_entry e JOIN audit_personal p ON p.entry_id = e.id AND p.data IS NOT NULL"
    " WHERE e.actor_id = :person OR e.subject_id = CAST(:person AS text)"
)
_ERASE = text("SELECT audit_erase_personal(:entries, :because)").bindparams(bindparam("entries", type_=ARRAY(UUID())))


def record(
    uow: UnitOfWork,
    *,
    action: str,
    subject_type: str,
    subject_id: uuid.UUID | str,
    entity_id: uuid.UUID | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str | None = None,
    outcome: str = "done",
) -> uuid.UUID:
    """Appends one entry in the caller's transaction and returns its id.

    `action` is `<domain>.<subject>.<verb in past tense>`; `before` and `after` hold only what changed, in
    canonical JSON values (integers, strings, booleans, None, lists, dicts; money in minor units).
    `outcome` is `done` or `refused`. Names, addresses, the reason and the values under `policy.PERSONAL_KEYS`
    are kept beside the entry, where they can be erased.
    """
    actor, now = uow.actor, dt.datetime.now(dt.UTC)
    public: dict[str, Any] = {
        "id": new_id(),
        "recorded_at": microseconds(now),
        "action": action,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "session_id": actor.session_id,
        "request_id": uow.request_id,
        "entity_id": entity_id,
        "subject_type": subject_type,
        "subject_id": str(subject_id),
        "outcome": outcome,
    }
    personal = {
        "actor_name": actor.name,
        "on_behalf_of": actor.on_behalf_of,
        "address": actor.address,
        "reason": reason,
    }
    made = compose(public, personal, before, after)
    columns = (public | {"recorded_at": now}).values()
    uow.driver.execute(_APPEND, (*columns, made.canonical, made.commitment, made.salt, made.personal))
    return public["id"]


def erase_personal(
    uow: UnitOfWork,
    *,
    reason: str,
    person: uuid.UUID | str | None = None,
    entries: Sequence[uuid.UUID] = (),
) -> int:
    """Erases names, addresses and free text for good; returns of how many entries. The entries and their proofs stay.

    `person` stands for everything that they did and that was done to their record; `entries` for single ones. The
    erasure is an entry itself, with the right AUDIT_ERASE. Raises Invalid without either.
    """
    uow.actor.require(Permission.AUDIT_ERASE)
    if not person and not entries:
        raise Invalid("Say whose personal data, or of which entries.")
    wanted = set(entries)
    if person:
        wanted |= set(uow.session.scalars(_PERSONS, {"person": uuid.UUID(str(person))}))
    because = record(
        uow,
        action="audit.personal.erased",
        subject_type="person" if person else "audit_entry",
        subject_id=str(person or entries[0]),
        after={"entries": len(wanted)},
        reason=reason,
    )
    erased = uow.session.scalar(_ERASE, {"entries": sorted(wanted), "because": because}) or 0
    index_again(uow, sorted(wanted))
    return erased
