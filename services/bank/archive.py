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
            raise UnreadableFile("file_too_large", megabytes=LARGEST_DOCUMENT >> 20)
        yield name, data
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        infos = archive.infolist()
    except _ZIP_ERRORS as error:
        raise UnreadableFile("zip_damaged") from error
    if not infos or len(infos) > MOST_MEMBERS:
        raise UnreadableFile("zip_members", count=len(infos), most=MOST_MEMBERS)
    total = 0
    for info in infos:
        content = _member(archive, info)
        total += len(content) if isinstance(content, bytes) else 0
        if total > LARGEST_TOTAL:
            raise UnreadableFile("zip_too_large", megabytes=LARGEST_TOTAL >> 20)
        yield info.filename, content


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | UnreadableFile:
    if refusal := _refusal(info):
        return UnreadableFile(refusal)
    limit = min(LARGEST_DOCUMENT, max(_FREE_OF_RATIO, info.compress_size * LARGEST_RATIO))
    try:
        with archive.open(info) as stream:
            content = stream.read(limit + 1)
    except _ZIP_ERRORS:
        return UnreadableFile("member_damaged")
    if len(content) > limit:
        return UnreadableFile("member_too_large")
    return content


def _refusal(info: zipfile.ZipInfo) -> str | None:
    name = info.filename
    if "/" in name or "\\" in name or ":" in name or name.startswith(".") or not name.isprintable():
        return "member_path"
    if info.flag_bits & 0x1:
        return "member_encrypted"
    if info.compress_type not in _METHODS:
        return "member_packing"
    if info.file_size > LARGEST_DOCUMENT or info.file_size > max(_FREE_OF_RATIO, info.compress_size * LARGEST_RATIO):
        return "member_too_large"
    return None
