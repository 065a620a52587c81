"""The watched folder: `<data_dir>/inbox/<entity code>/bank|books/`, where files wait until they are taken once."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from services.core.errors import Conflict, Invalid, NotFound

_CODE = re.compile(r"[a-z][a-z0-9-]{1,30}\Z")
_NAME = re.compile(r"[^/\\\x00-\x1f]{1,200}\Z")
_UNFINISHED = (".part", ".tmp", ".filepart", ".crdownload", ".swp")
_UPLOADS = "uploads"
_CHUNK = 1 << 20


class InboxKind(StrEnum):
    BANK = "bank"
    BOOKS = "books"


class FileOrigin(StrEnum):
    """How a file came in."""

    UPLOAD = "upload"
    FOLDER = "folder"
    COMMAND = "command"
    HTTP = "http"
    SQL = "sql"


class FileStatus(StrEnum):
    """What became of a file: all of it taken, the good part of it, or nothing."""

    IMPORTED = "imported"
    PARTIAL = "partial"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file on disk with its fingerprint; the SHA-256 of its bytes tells whether it was taken before."""

    path: Path
    name: str
    sha256: str
    size_bytes: int
    stamp: tuple[int, int, int]

    @classmethod
    def at(cls, path: Path, *, name: str | None = None) -> IncomingFile:
        """Reads the file once, in pieces. Raises NotFound when it is not there."""
        digest, size = hashlib.sha256(), 0
        try:
            stamp = _stamp(path)
            with path.open("rb") as stream:
                while piece := stream.read(_CHUNK):
                    digest.update(piece)
                    size += len(piece)
        except FileNotFoundError:
            raise NotFound(f"There is no file {path.name} (any more).", name=path.name) from None
        except OSError as error:
            raise Invalid(f"{path.name} cannot be read: {error.strerror}.", name=path.name) from error
        return cls(path, (name or path.name).encode(errors="replace").decode(), digest.hexdigest(), size, stamp)

    def check_unchanged(self) -> None:
        """Raises Conflict when the file was written to since its fingerprint was taken; then nothing counts."""
        try:
            same = _stamp(self.path) == self.stamp
        except OSError:
            same = False
        if not same:
            raise Conflict(f"{self.name} was changed while it was read. Nothing of it was taken.", name=self.name)


class FileMark(NamedTuple):
    """A place in a list of files, newest first: the file it stands at."""

    imported_at: dt.datetime
    id: uuid.UUID

    @classmethod
    def parse(cls, text: str) -> FileMark:
        """Raises Invalid for anything but what `str` of a mark gives."""
        moment, _, identifier = text.partition("|")
        try:
            return cls(dt.datetime.fromisoformat(moment), uuid.UUID(identifier))
        except ValueError:
            raise Invalid("This page of the list does not exist; start again from its first one.") from None

    def __str__(self) -> str:
        return f"{self.imported_at.isoformat()}|{self.id}"


class Inbox:
    """The folders of one installation. Nothing in them is ever served."""

    def __init__(self, data_dir: Path) -> None:
        self._root = data_dir / "inbox"

    def folder(self, entity_code: str, kind: InboxKind) -> Path:
        """Where files of this kind wait; made when missing, closed to others. Raises Invalid for no entity code."""
        if not _CODE.match(entity_code):
            raise Invalid(f"“{entity_code}” is no code of a legal entity.", code=entity_code)
        folder = self._root / entity_code / kind
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def waiting(self, entity_code: str, kind: InboxKind) -> list[Path]:
        """The files that wait, by name, uploads last; hidden and unfinished names, links and folders are left out."""
        folder = self.folder(entity_code, kind)
        return [*_files(folder), *_files(folder / _UPLOADS)]

    @staticmethod
    def origin(path: Path) -> FileOrigin:
        """How a waiting file came in."""
        return FileOrigin.UPLOAD if path.parent.name == _UPLOADS else FileOrigin.FOLDER

    def accept(
        self, entity_code: str, kind: InboxKind, name: str, pieces: Iterable[bytes], *, limit_bytes: int
    ) -> Path:
        """Writes an upload to the waiting files; it is seen there only when it is whole.

        Raises Invalid for a name with a path in it, and above `limit_bytes`, and then leaves nothing behind.
        """
        folder = self.folder(entity_code, kind) / _UPLOADS
        folder.mkdir(exist_ok=True, mode=0o700)
        target = _free(folder / checked_name(name))
        unfinished = target.with_name(f".{target.name}.{os.getpid()}-{time.monotonic_ns()}.part")
        size = 0
        try:
            with unfinished.open("xb") as stream:
                for piece in pieces:
                    size += len(piece)
                    if size > limit_bytes:
                        raise Invalid(f"{name} is larger than {limit_bytes >> 20} MB.", name=name)
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
            unfinished.rename(target)
        finally:
            unfinished.unlink(missing_ok=True)
        return target

    def settle(self, path: Path, status: FileStatus) -> Path | None:
        """Moves a file that was dealt with to `processed/` or `rejected/`; None when it is gone already."""
        waiting = path.parent.parent if path.parent.name == _UPLOADS else path.parent
        folder = waiting / ("rejected" if status is FileStatus.REJECTED else "processed")
        folder.mkdir(exist_ok=True, mode=0o700)
        target = _free(folder / path.name)
        try:
            path.rename(target)
        except FileNotFoundError:
            return None
        return target


def is_still(path: Path, *, quiet_seconds: float = 2.0, patience_seconds: float = 30.0) -> bool:
    """Whether the file has stopped growing: unchanged for `quiet_seconds` (an empty one for a minute).

    Waits for it up to `patience_seconds`; False says that it is still being written, or gone.
    """
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            now = path.stat()
        except FileNotFoundError:
            return False
        missing = (quiet_seconds if now.st_size else 60.0) - (time.time() - now.st_mtime)
        if missing <= 0:
            return True
        if time.monotonic() + missing > deadline:
            return False
        time.sleep(missing)


def checked_name(name: str) -> str:
    """The bare name of an uploaded file. Raises Invalid when it holds a path or is hidden."""
    if not _NAME.match(name) or name.startswith(".") or not _is_finished_name(name):
        raise Invalid("The file needs a plain name without a path.", name=name[:200])
    return name


def _stamp(path: Path) -> tuple[int, int, int]:
    now = path.stat()
    return now.st_ino, now.st_size, now.st_mtime_ns


def _is_finished_name(name: str) -> bool:
    return not name.startswith((".", "~")) and not name.lower().endswith(_UNFINISHED)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path for path in folder.iterdir() if path.is_file() and not path.is_symlink() and _is_finished_name(path.name)
    )


def _free(path: Path) -> Path:
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate
