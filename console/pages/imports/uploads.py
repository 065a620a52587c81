"""Bringing an uploaded file to the inbox: its kind by name and first bytes, its size counted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath, PureWindowsPath
from typing import BinaryIO

from services.core.errors import Invalid
from services.core.inbox import Inbox, InboxKind

LARGEST_UPLOAD = 64 << 20
_BANK = (".xml", ".zip", ".sta", ".mt940", ".940", ".mta")
_BOOKS = (".csv", ".txt")
_KINDS = dict.fromkeys(_BANK, InboxKind.BANK) | dict.fromkeys(_BOOKS, InboxKind.BOOKS)
_PIECE = 1 << 20


def kind_of(name: str) -> InboxKind:
    """Bank for XML, ZIP and MT940, books for CSV and TXT. Raises Invalid for anything else."""
    kind = _KINDS.get(PurePosixPath(name).suffix.lower())
    if kind is None:
        raise Invalid(f"{name[:80]} is not taken: XML, ZIP or MT940 for the bank, CSV for the books.", name=name[:80])
    return kind


def store_as(inbox: Inbox, kind: InboxKind, code: str, name: str, content: BinaryIO) -> None:
    """Writes a text file to the entity's inbox of `kind`. Raises Invalid when its bytes are no text, or too many."""
    head = content.read(64)
    content.seek(0)
    if not _looks_like(name, head):
        raise Invalid(f"{name[:80]} is not what its name says; nothing was taken.", name=name[:80])
    inbox.accept(code, kind, name, _pieces(content), limit_bytes=LARGEST_UPLOAD)


def store(inbox: Inbox, code: str, name: str, content: BinaryIO) -> InboxKind:
    """Writes the file to the entity's inbox. Raises Invalid when its first bytes are not of its kind, or too many."""
    name = PureWindowsPath(name).name
    kind = kind_of(name)
    store_as(inbox, kind, code, name, content)
    return kind


def _looks_like(name: str, head: bytes) -> bool:
    match PurePosixPath(name).suffix.lower():
        case ".zip":
            return head.startswith(b"PK")
        case ".xml":
            return b"<" in head
        case _:
            return bool(head) and not head.startswith((b"PK", b"%PDF", b"\xd0\xcf\x11\xe0"))


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    while piece := content.read(_PIECE):
        yield piece
