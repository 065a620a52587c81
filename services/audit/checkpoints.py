"""Signing the head of the tree, and only ever as a continuation of what was signed before."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from services.audit import merkle
from services.audit.checkpoint import Checkpoint, NoteError, open_checkpoint, sign_checkpoint
from services.audit.errors import LogRewritten
from services.audit.keys import KeyStore
from services.audit.models import AuditCheckpoint
from services.audit.tree import StoredTree
from services.audit.views import CheckpointView
from services.core.db import UnitOfWork
from services.core.errors import Unavailable
from services.core.permissions import Permission

AFTER_CHANGE = dt.timedelta(seconds=15)
HEARTBEAT = dt.timedelta(seconds=60)


def sign_head(uow: UnitOfWork, *, keys: KeyStore, now: dt.datetime | None = None) -> CheckpointView | None:
    """Signs the tree's head when that is due: 15 s after the last checkpoint if it grew, after 60 s if not.

    Before it signs, it proves that the tree continues the last checkpoint, also the one the signer itself
    remembers outside the database. Raises LogRewritten when it does not, Unavailable without a key.
    """
    uow.actor.require(Permission.AUDIT_SEAL)
    now = now or dt.datetime.now(dt.UTC)
    last = uow.session.scalar(select(AuditCheckpoint).order_by(AuditCheckpoint.number.desc()).limit(1))
    tree = StoredTree(uow.driver)
    size = tree.size()
    if last is not None:
        waited = now - last.signed_at
        if waited < (HEARTBEAT if size == last.size else AFTER_CHANGE):
            return None
    signers = keys.signers(now)
    if not signers:
        if last is not None or keys.last_note() is not None:
            raise Unavailable(f"The audit log's signing key is missing in {keys.folder}; put it back from its copy.")
        signers = [keys.create(now).signer]
    root = _root(tree, size)
    for note in filter(None, (last.note if last else None, keys.last_note())):
        _require_continuation(tree, keys, note, size, root)
    signed = Checkpoint(signers[-1].name, size, root, (f"time {int(now.timestamp())}",))
    note = sign_checkpoint(signed, signers)
    keys.remember(note)
    row = AuditCheckpoint(size=size, root=root, signed_at=now, note=note)
    uow.session.add(row)
    uow.session.flush()
    return checkpoint_view(row)


def latest_checkpoint(uow: UnitOfWork) -> CheckpointView | None:
    uow.actor.require(Permission.AUDIT_READ)
    row = uow.session.scalar(select(AuditCheckpoint).order_by(AuditCheckpoint.number.desc()).limit(1))
    return checkpoint_view(row) if row else None


def checkpoint_view(row: AuditCheckpoint) -> CheckpointView:
    return CheckpointView(row.number, row.size, row.root.hex(), row.signed_at, row.note)


def _root(tree: StoredTree, size: int) -> bytes:
    try:
        return tree.root(size)
    except LookupError as error:
        raise LogRewritten(f"The tree of the audit log has a hole: {error}. Run `kontor audit verify`.") from error


def _require_continuation(tree: StoredTree, keys: KeyStore, note: str, size: int, root: bytes) -> None:
    try:
        before = open_checkpoint(note, keys.verifiers(), origin=keys.origin)
    except NoteError as error:
        raise LogRewritten(f"The last checkpoint of the audit log is not ours: {error}.") from error
    if before.size > size:
        raise LogRewritten(
            f"The audit log was cut: {before.size} entries were signed, {size} are left. Run `kontor audit verify`.",
            signed=before.size,
            found=size,
        )
    proof = merkle.consistency_path(before.size, size, tree.hash_of)
    if not merkle.verify_consistency(before.size, size, before.root, root, proof):
        raise LogRewritten(
            f"The first {before.size} entries of the audit log are not those that were signed. "
            "Run `kontor audit verify`.",
            signed=before.size,
        )
