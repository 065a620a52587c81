"""Words of the books."""

from __future__ import annotations

from enum import StrEnum


class FileStatus(StrEnum):
    """What became of a file: all of it taken, the good part of it, or nothing."""

    IMPORTED = "imported"
    PARTIAL = "partial"
    REJECTED = "rejected"


class FileOrigin(StrEnum):
    """How a file came in."""

    UPLOAD = "upload"
    FOLDER = "folder"
    COMMAND = "command"


DEFAULT_SOURCE = "ledger"
