"""Bank files as they are delivered: one XML document, or a ZIP of them. Sizes are counted, never believed."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from services.bank.errors import UnreadableFile

LARGEST_DOCUMENT = 64 << 20
LARGEST_TOTAL = 256 << 20
LARGEST_RATIO = 200
MOST_MEMBERS = 500
_FREE_OF_RATIO = 1 << 20
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, ValueError, NotImplementedError)


def documents(data: bytes, name: str) -> Iterator[tuple[str, bytes | UnreadableFile]]:
    """(member name, its bytes or why they are refused) of a file; a plain document is its own only member.

    Raises UnreadableFile when the whole file is refused: not a ZIP after all, too many members, or more
    bytes than `LARGEST_TOTAL` when unpacked.
    """
    if not data.startswith(b"PK"):
        if len(data) > LARGEST_DOCUMENT:
            raise UnreadableFile(f"The file is larger than {LARGEST_DOCUMENT >> 20} MB.")
        yield name, data
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
    except _ZIP_ERRORS as error:
        raise UnreadableFile("The file is a damaged ZIP.") from error
    if not infos or len(infos) > MOST_MEMBERS:
        raise UnreadableFile(f"The ZIP holds {len(infos)} files; from 1 to {MOST_MEMBERS} are taken.")
    total = 0
    for info in infos:
        content = _member(archive, info)
        total += len(content) if isinstance(content, bytes) else 0
        if total > LARGEST_TOTAL:
            raise UnreadableFile(f"The ZIP unpacks to more than {LARGEST_TOTAL >> 20} MB.")
        yield info.filename, content


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | UnreadableFile:
    if refusal := _refusal(info):
        return UnreadableFile(refusal)
    limit = min(LARGEST_DOCUMENT, max(_FREE_OF_RATIO, info.compress_size * LARGEST_RATIO))
    try:
        with archive.open(info) as stream:
            content = stream.read(limit + 1)
    except _ZIP_ERRORS:
        return UnreadableFile("This file inside the ZIP is damaged.")
    if len(content) > limit:
        return UnreadableFile("This file inside the ZIP unpacks to more than it may.")
    return content


def _refusal(info: zipfile.ZipInfo) -> str | None:
    name = info.filename
    if "/" in name or "\\" in name or ":" in name or name.startswith(".") or not name.isprintable():
        return "The ZIP may hold plain file names only, no folders or paths."
    if info.flag_bits & 0x1:
        return "This file inside the ZIP is encrypted."
    if info.compress_type not in _METHODS:
        return "This file inside the ZIP is packed in a way that is not taken."
    if info.file_size > LARGEST_DOCUMENT or info.file_size > max(_FREE_OF_RATIO, info.compress_size * LARGEST_RATIO):
        return "This file inside the ZIP unpacks to more than it may."
    return None
