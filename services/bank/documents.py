"""From a file's bytes to what its documents say: ZIP or plain, and which of the formats each document is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from services.bank import archive, camt, mt940
from services.bank.errors import UnreadableFile
from services.bank.statement import ParsedDocument

CsvReader = Callable[[str, bytes], ParsedDocument]
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read_documents(
    data: bytes, name: str, read_csv: CsvReader
) -> Iterator[tuple[str, ParsedDocument | UnreadableFile]]:
    """(member name, what it says or why it is refused) of each document in the file.

    Raises UnreadableFile when the whole file is refused.
    """
    for member, content in archive.documents(data, name):
        try:
            yield member, _read(member, content, read_csv)
        except UnreadableFile as refusal:
            yield member, refusal


def _read(member: str, content: bytes | UnreadableFile, read_csv: CsvReader) -> ParsedDocument:
    """By what the bytes look like; the name decides only whether other text is a CSV export."""
    if isinstance(content, UnreadableFile):
        raise content
    if _is_xml(content):
        return camt.read_document(content)
    if mt940.looks_like(content):
        return mt940.read_document(content)
    if member.lower().endswith((".csv", ".txt")):
        return read_csv(member, content)
    raise UnreadableFile("not_a_statement")


def _is_xml(content: bytes) -> bool:
    head = content[:200]
    for mark in _MARKS:
        head = head.removeprefix(mark)
    return head.replace(b"\x00", b"").lstrip().startswith(b"<")
