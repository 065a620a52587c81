"""What an uploaded file has to look like before it reaches the inbox."""

import io
from pathlib import Path

import pytest

from console.pages.imports import uploads
from services.core.errors import Invalid
from services.core.inbox import Inbox, InboxKind
from tests.factories.bank import MONDAY, Statement, camt, zipped

STATEMENT = camt(Statement(1, MONDAY, "0.00", "0.00"))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("day.xml", STATEMENT, InboxKind.BANK),
        ("Day.ZIP", zipped({"a.xml": STATEMENT}), InboxKind.BANK),
        ("ledger.csv", b"a,b\n", InboxKind.BOOKS),
        ("C:\\fakepath\\ledger.csv", b"\xef\xbb\xbfa,b\n", InboxKind.BOOKS),
        ("../../etc/x.csv", b"a,b\n", InboxKind.BOOKS),
    ],
)
def test_a_file_reaches_the_inbox_of_its_kind(tmp_path: Path, name: str, content: bytes, kind: InboxKind):
    inbox = Inbox(tmp_path)
    assert uploads.store(inbox, "mh-de", name, io.BytesIO(content)) is kind
    (path,) = inbox.waiting("mh-de", kind)
    assert path.read_bytes() == content
    assert path.parent.name == "uploads"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("day.exe", b"MZ"),
        ("day.zip", b"<xml/>"),
        ("day.xml", b"PK\x03\x04"),
        ("ledger.csv", b"PK\x03\x04"),
        ("ledger.csv", b""),
        ("ledger.csv", b"%PDF-1.7"),
        ("", b"a"),
        (".csv", b"a,b"),
    ],
)
def test_what_is_not_what_its_name_says_is_refused(tmp_path: Path, name: str, content: bytes):
    with pytest.raises(Invalid):
        uploads.store(Inbox(tmp_path), "mh-de", name, io.BytesIO(content))
    assert not any(path.is_file() for path in tmp_path.rglob("*"))
