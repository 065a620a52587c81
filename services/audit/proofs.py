"""Proofs of single entries, and the bundle that lets others check the log without us."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select

from services.audit import merkle
from services.audit.checkpoint import Verifier
from services.audit.checkpoints import checkpoint_view
from services.audit.errors import LogRewritten, NotSealedYet
from services.audit.models import AuditCheckpoint, AuditLeaf, AuditPersonal
from services.audit.queries import conditions, visible
from services.audit.tree import StoredTree
from services.audit.views import AuditFilter, CheckpointView, Proof
from services.core.db import UnitOfWork
from services.core.errors import NotFound
from services.core.permissions import Permission

_STANDALONE = Path(__file__).with_name("standalone.py")
_README = """An extract of an audit log, with what is needed to check it.

entries.ndjson   one entry a line: its canonical bytes, its leaf, the path to the checkpoint's root
checkpoint.txt   the signed head of the log that the paths lead to (C2SP tlog-checkpoint)
keys.txt         the public keys of the log; compare them with those you were given on another way
verify.py        the check, one file, Python 3.11 and nothing else:  python3 verify.py FOLDER-OR-ZIP
"""


# What `queries.visible` lets through, with the newest checkpoint, in one go.
_ONE = (
    b"SELECT e.canonical, p.data, p.salt, l.index, h.number, h.size, h.root, h.signed_at, h.note FROM audit_entry e"
    b" LEFT JOIN audit_personal p ON p.entry_id = e.id LEFT JOIN audit_leaf l ON l.entry_id = e.id"
    b" LEFT JOIN LATERAL (SELECT * FROM audit_checkpoint ORDER BY number DESC LIMIT 1) h ON true"
    b" WHERE e.id = %(id)s AND (%(of_none)s AND e.entity_id IS NULL"
    b" OR e.entity_id IS NOT NULL AND (%(ids)s::uuid[] IS NULL OR e.entity_id = ANY (%(ids)s::uuid[])))"
)


@dataclass(frozen=True, slots=True)
class _Sealed:
    """An entry's bytes, its personal part with the salt (None once erased), and its leaf."""

    entry_id: uuid.UUID
    canonical: bytes
    personal: bytes | None
    leaf: int
    salt: bytes | None


def prove(uow: UnitOfWork, *, entry_id: uuid.UUID) -> Proof:
    """The proof of one entry against the newest checkpoint.

    Raises NotFound for one the reader may not see, NotSealedYet when no checkpoint covers it, LogRewritten when the
    entry is not the one that was signed.
    """
    scope = uow.actor.scope(Permission.AUDIT_READ)
    ids = None if scope.ids is None else sorted(scope.ids)
    of_none = uow.actor.grants[Permission.AUDIT_READ].ids is None
    row = uow.driver.execute(_ONE, {"id": entry_id, "ids": ids, "of_none": of_none}).fetchone()
    if row is None:
        raise NotFound("There is no such entry among those you may see.")
    canonical, personal, salt, leaf, *head = row
    if leaf is None or head[0] is None or leaf >= head[1]:
        raise NotSealedYet("The entry was written a moment ago; the next checkpoint covers it within a minute.")
    signed = CheckpointView(head[0], head[1], head[2].hex(), head[3], head[4])
    return _proof(StoredTree(uow.driver), signed, _Sealed(entry_id, canonical, personal, leaf, salt))


def write_bundle(
    uow: UnitOfWork, *, file: BinaryIO, filter: AuditFilter, verifiers: Sequence[Verifier]
) -> CheckpointView:
    """Writes a ZIP with the filter's sealed entries, their proofs, the checkpoint, the keys and the verifier.

    Raises NotSealedYet before the first checkpoint, LogRewritten when an entry is not the one that was signed.
    """
    head = _newest(uow)
    if head is None:
        raise NotSealedYet("The log has no checkpoint yet; the worker signs one within a minute of its start.")
    tree = StoredTree(uow.driver)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        with bundle.open("entries.ndjson", "w", force_zip64=True) as lines, io.TextIOWrapper(lines, "utf-8") as text:
            for line in _lines(uow, filter, head, tree):
                text.write(line + "\n")
        bundle.writestr("checkpoint.txt", head.note)
        bundle.writestr("keys.txt", "".join(f"{verifier}\n" for verifier in verifiers))
        bundle.writestr("verify.py", _STANDALONE.read_text())
        bundle.writestr("README.txt", _README)
    return head


def _lines(uow: UnitOfWork, filter: AuditFilter, head: CheckpointView, tree: StoredTree) -> Any:
    statement = (
        visible(uow)
        .add_columns(AuditPersonal.salt)
        .where(*conditions(filter), AuditLeaf.index < head.size)
        .order_by(AuditLeaf.index)
    )
    for row in uow.session.execute(statement.execution_options(yield_per=1000)):
        entry, personal, leaf, salt = row
        proof = _proof(tree, head, _Sealed(entry.id, entry.canonical, personal, leaf, salt))
        fields = {name: getattr(proof, name) for name in ("leaf", "size", "canonical", "path", "personal", "salt")}
        yield json.dumps({"id": str(proof.entry_id), **fields}, ensure_ascii=False)


def _proof(tree: StoredTree, head: CheckpointView, sealed: _Sealed) -> Proof:
    leaf = sealed.leaf
    try:
        tree.read_path(leaf, head.size)
        path = merkle.inclusion_path(leaf, head.size, tree.hash_of)
    except LookupError as error:
        raise LogRewritten(f"The tree of the audit log has a hole: {error}.") from error
    found = merkle.leaf_hash(sealed.canonical)
    if not merkle.verify_inclusion(found, leaf, head.size, path, bytes.fromhex(head.root)):
        raise LogRewritten("This entry is not the one that was signed. Run `kontor audit verify`.", leaf=leaf)
    return Proof(
        sealed.entry_id,
        leaf,
        head.size,
        sealed.canonical.decode(),
        tuple(step.hex() for step in path),
        sealed.personal.decode() if sealed.personal is not None else None,
        sealed.salt.hex() if sealed.salt is not None else None,
        head.note,
    )


def _newest(uow: UnitOfWork) -> CheckpointView | None:
    row = uow.session.scalar(select(AuditCheckpoint).order_by(AuditCheckpoint.number.desc()).limit(1))
    return checkpoint_view(row) if row else None


def proof_as_told(proof: Proof) -> dict[str, Any]:
    """A proof for a file or a terminal, in the words of the bundle."""
    return {
        "id": str(proof.entry_id),
        "leaf": proof.leaf,
        "size": proof.size,
        "canonical": proof.canonical,
        "path": list(proof.path),
        "personal": proof.personal,
        "salt": proof.salt,
        "checkpoint": proof.checkpoint,
        "told_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
    }
