"""The verification as people start it, its record, and how the log stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict

from pydantic import BaseModel
from sqlalchemy import select, text

from services.audit.checkpoint import Checkpoint, NoteError, Verifier, open_checkpoint
from services.audit.checkpoints import latest_checkpoint
from services.audit.errors import LogRewritten
from services.audit.findings import Findings
from services.audit.models import AuditVerification
from services.audit.sinks import sink_views
from services.audit.tree import StoredTree
from services.audit.verification import walk
from services.audit.views import AuditStatus, Finding, VerificationView
from services.core.actor import Actor
from services.core.db import Database, UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission

_SIGNER = "the signer"
# The newest checkpoint of each size; heartbeats of one size say the same.
_SIGNED = text(
    "SELECT DISTINCT ON (size) size, note FROM audit_checkpoint WHERE size >= :since ORDER BY size, number DESC"
)
_CONFLICTS = text(
    "SELECT size FROM audit_checkpoint GROUP BY size HAVING count(DISTINCT root) > 1 ORDER BY size LIMIT 9"
)
_LATE = text(
    "SELECT count(*), coalesce(extract(epoch FROM now() - min(e.recorded_at)), 0)::float FROM audit_entry e"
    " WHERE e.recorded_at > now() - interval '1 day'"
    " AND NOT EXISTS (SELECT 1 FROM audit_leaf l WHERE l.entry_id = e.id)"
)


class VerifyParams(BaseModel):
    """A verification as a run: always of the whole log."""


def verify_log(
    database: Database,
    *,
    actor: Actor,
    verifiers: Sequence[Verifier],
    exported: Sequence[str] = (),
    since: str | None = None,
    connections: int = 3,
) -> VerificationView:
    """Verifies the log against its own checkpoints and against `exported` ones that were kept elsewhere.

    With `since`, a checkpoint that was verified before, only what came after it is hashed anew. Changes nothing.
    Raises Invalid when `since` is no checkpoint of this log.
    """
    actor.require(Permission.AUDIT_VERIFY)
    started = dt.datetime.now(dt.UTC)
    base = _base(since, verifiers)
    with database.unit_of_work(actor) as uow:
        size, heads, findings = _heads(uow, base, exported, verifiers)
    wanted = {head.size for head in heads if head.size <= size}
    roots, found = walk(database, actor, since=base, size=size, wanted=wanted, connections=connections)
    for head in heads:
        if head.size in roots and roots[head.size] != head.root:
            findings.add("root_differs", size=head.size)
    told = [*findings.told, *found.told][:100]
    return VerificationView(
        started,
        dt.datetime.now(dt.UTC),
        size,
        base.size if base else 0,
        len(heads),
        findings.count + found.count,
        tuple(told),
        actor.name,
    )


def _heads(
    uow: UnitOfWork, base: Checkpoint | None, exported: Sequence[str], verifiers: Sequence[Verifier]
) -> tuple[int, list[Checkpoint], Findings]:
    """The size of the log, every signed head that it has to lead to, and what is wrong with these."""
    findings, size = Findings(), StoredTree(uow.driver).size()
    stored = uow.session.execute(_SIGNED, {"since": base.size if base else 0}).all()
    for (conflict,) in uow.session.execute(_CONFLICTS):
        findings.add("checkpoint_conflict", size=conflict)
    heads = _opened([*(note for _, note in stored), *exported], verifiers, findings)
    if base is not None:
        heads.append(base)
    for head in heads:
        if head.size > size:
            findings.add("log_shorter", size=head.size)
    return size, heads, findings


def save_verification(uow: UnitOfWork, *, done: VerificationView) -> None:
    """Keeps the outcome, for the page and the metrics."""
    uow.actor.require(Permission.AUDIT_VERIFY)
    uow.session.add(
        AuditVerification(
            started_at=done.started_at,
            finished_at=done.finished_at,
            size=done.size,
            since=done.since,
            checkpoints=done.checkpoints,
            problems=done.problems,
            findings={"told": [asdict(finding) for finding in done.findings]},
            started_by=done.started_by,
        )
    )
    uow.session.flush()


def note_refusal(uow: UnitOfWork, *, error: LogRewritten) -> None:
    """Keeps that the signer refused to go on, once: it is a verification that failed."""
    uow.actor.require(Permission.AUDIT_SEAL)
    last = _last_verification(uow)
    if last is not None and last.started_by == _SIGNER:
        return
    now = dt.datetime.now(dt.UTC)
    finding = Finding("signing_refused", error.sentence)
    save_verification(
        uow, done=VerificationView(now, now, int(error.data.get("found", 0)), 0, 1, 1, (finding,), _SIGNER)
    )


def status(uow: UnitOfWork) -> AuditStatus:
    """How the log stands. What waits for its leaf is looked for among the entries of the last day."""
    uow.actor.require(Permission.AUDIT_READ)
    unsealed, oldest = uow.session.execute(_LATE).one()
    head = latest_checkpoint(uow)
    age = (dt.datetime.now(dt.UTC) - head.signed_at).total_seconds() if head else None
    return AuditStatus(unsealed, max(oldest, 0.0), head, age, sink_views(uow), _last_verification(uow))


def _last_verification(uow: UnitOfWork) -> VerificationView | None:
    row = uow.session.scalar(select(AuditVerification).order_by(AuditVerification.finished_at.desc()).limit(1))
    if row is None:
        return None
    told = tuple(Finding(**finding) for finding in row.findings["told"])
    return VerificationView(
        row.started_at, row.finished_at, row.size, row.since, row.checkpoints, row.problems, told, row.started_by
    )


def _base(since: str | None, verifiers: Sequence[Verifier]) -> Checkpoint | None:
    if since is None:
        return None
    try:
        return open_checkpoint(since, verifiers)
    except NoteError as error:
        raise Invalid(f"This is no checkpoint of this log: {error}.") from error


def _opened(notes: Sequence[str], verifiers: Sequence[Verifier], findings: Findings) -> list[Checkpoint]:
    heads = []
    for note in notes:
        try:
            heads.append(open_checkpoint(note, verifiers))
        except NoteError:
            findings.add("checkpoint_unsigned")
    return heads
