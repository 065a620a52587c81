"""Evidence of a break: files that prove something."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import PurePosixPath, PureWindowsPath

from sqlalchemy import select

from services.core import media
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Invalid, NotFound
from services.core.permissions import Permission
from services.reconciliation.breaks import break_by_number
from services.reconciliation.breakwork import audited, locked
from services.reconciliation.models import Break
from services.reconciliation.models_period import Evidence
from services.reconciliation.views_period import EvidenceFile

LARGEST = 10 << 20
# Suffix → media type and the first bytes it must begin with; empty where any text may follow.
_KINDS: dict[str, tuple[str, bytes]] = {
    ".pdf": (media.PDF, b"%PDF-"),
    ".png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    ".jpg": ("image/jpeg", b"\xff\xd8\xff"),
    ".jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    ".xlsx": (media.XLSX, b"PK\x03\x04"),
    ".csv": (media.CSV, b""),
    ".txt": ("text/plain", b""),
    ".eml": ("message/rfc822", b""),
}


def evidence_kinds() -> dict[str, list[str]]:
    """What may be attached: each media type with its suffixes."""
    found: dict[str, list[str]] = {}
    for suffix, (media_type, _) in _KINDS.items():
        found.setdefault(media_type, []).append(suffix)
    return found


def attach_evidence(uow: UnitOfWork, *, number: int, name: str, content: bytes) -> EvidenceFile:
    """Keeps a file with a break: at most 10 MiB, of a kind that its name and its first bytes agree on.

    It is stored in the database with its SHA-256 and comes back as a download alone. The same file twice is a
    Conflict; another kind, an empty file or one too large is Invalid.
    """
    row = locked(uow, number)
    plain = PureWindowsPath(name).name[-200:]
    media_type = _media_type(plain, content)
    digest = hashlib.sha256(content).hexdigest()
    if uow.session.scalar(select(Evidence.id).where(Evidence.number == number, Evidence.sha256 == digest)):
        raise Conflict("This file is with the break already.")
    stored = Evidence(
        number=number,
        name=plain,
        media_type=media_type,
        size_bytes=len(content),
        sha256=digest,
        content=content,
        added_by=uow.actor.id,
        added_by_name=uow.actor.name,
        added_at=uow.clock.now(),
    )
    uow.session.add(stored)
    uow.session.flush()
    audited(uow, row, "evidence_added", after={"file": plain, "sha256": digest, "bytes": len(content)})
    return _file(stored)


def evidence_files(uow: UnitOfWork, *, number: int) -> list[EvidenceFile]:
    """The files of a break, the oldest first. Raises BreakNotFound."""
    uow.actor.require(Permission.RECONCILIATION_READ)
    found = break_by_number(uow, number=number)
    rows = uow.session.scalars(select(Evidence).where(Evidence.number == found.number).order_by(Evidence.added_at))
    return [_file(row) for row in rows]


def read_evidence(uow: UnitOfWork, *, evidence_id: uuid.UUID) -> tuple[EvidenceFile, bytes]:
    """A file with its content, its hash checked. Raises NotFound outside the actor's entities."""
    scope = uow.actor.scope(Permission.RECONCILIATION_READ)
    row = uow.session.scalar(
        select(Evidence)
        .join(Break, Break.number == Evidence.number)
        .where(Evidence.id == evidence_id, scope.allows(Break.entity_id))
    )
    if row is None:
        raise NotFound("There is no such file in the entities you may see.")
    if hashlib.sha256(row.content).hexdigest() != row.sha256:
        raise Conflict("The stored file is not the one that was attached.")
    return _file(row), row.content


def _media_type(name: str, content: bytes) -> str:
    kind = _KINDS.get(PurePosixPath(name).suffix.lower())
    if kind is None:
        raise Invalid(f"Evidence is one of {', '.join(_KINDS)}.", name=name)
    if not 0 < len(content) <= LARGEST:
        raise Invalid("A file of evidence has between one byte and 10 MiB.", name=name)
    media_type, head = kind
    is_text = not head
    if not content.startswith(head) or (is_text and b"\x00" in content):
        raise Invalid("The file is not what its name says; nothing was kept.", name=name)
    return media_type


def _file(row: Evidence) -> EvidenceFile:
    return EvidenceFile(row.id, row.name, row.media_type, row.size_bytes, row.sha256, row.added_by_name, row.added_at)
