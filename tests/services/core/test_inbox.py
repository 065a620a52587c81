"""The inbox on disk: whole files only, plain names only."""

from pathlib import Path

import pytest

from services.core.errors import Conflict, Invalid
from services.core.inbox import FileOrigin, FileStatus, Inbox, InboxKind, IncomingFile, is_still


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path)


def test_an_upload_waits_as_an_upload_and_is_settled_like_any_file(inbox: Inbox):
    path = inbox.accept("mh-de", InboxKind.BANK, "day.zip", [b"a", b"b"], limit_bytes=10)
    assert inbox.waiting("mh-de", InboxKind.BANK) == [path]
    assert inbox.origin(path) is FileOrigin.UPLOAD
    moved = inbox.settle(path, FileStatus.PARTIAL)
    assert moved == inbox.folder("mh-de", InboxKind.BANK) / "processed" / "day.zip"
    assert moved is not None
    assert moved.read_bytes() == b"ab"
    assert inbox.settle(path, FileStatus.PARTIAL) is None, "moved already"


def test_files_of_one_name_do_not_overwrite_each_other(inbox: Inbox):
    for content in (b"1", b"2"):
        path = inbox.accept("mh-de", InboxKind.BOOKS, "l.csv", [content], limit_bytes=10)
        inbox.settle(path, FileStatus.IMPORTED)
    folder = inbox.folder("mh-de", InboxKind.BOOKS) / "processed"
    assert sorted((p.name, p.read_bytes()) for p in folder.iterdir()) == [("l-2.csv", b"2"), ("l.csv", b"1")]


@pytest.mark.parametrize("name", ["", "../x.csv", "a/b.csv", "a\\b.csv", ".x.csv", "x.part", "x\n.csv", "y" * 201])
def test_a_name_with_a_path_in_it_is_refused(inbox: Inbox, name: str):
    with pytest.raises(Invalid):
        inbox.accept("mh-de", InboxKind.BOOKS, name, [b"x"], limit_bytes=10)
    assert inbox.waiting("mh-de", InboxKind.BOOKS) == []


@pytest.mark.parametrize("code", ["..", "a/b", "", "A", "/etc"])
def test_only_codes_of_entities_name_a_folder(inbox: Inbox, code: str):
    with pytest.raises(Invalid):
        inbox.folder(code, InboxKind.BANK)


def test_too_large_an_upload_leaves_nothing_behind(inbox: Inbox):
    with pytest.raises(Invalid, match="larger"):
        inbox.accept("mh-de", InboxKind.BOOKS, "x.csv", [b"x" * 6, b"x" * 6], limit_bytes=10)
    assert list((inbox.folder("mh-de", InboxKind.BOOKS) / "uploads").iterdir()) == []


def test_links_out_of_the_inbox_are_not_followed(inbox: Inbox, tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text("x")
    (inbox.folder("mh-de", InboxKind.BANK) / "x.xml").symlink_to(secret)
    assert inbox.waiting("mh-de", InboxKind.BANK) == []


def test_a_file_written_to_after_its_fingerprint_is_refused(tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text("a")
    file = IncomingFile.at(path)
    file.check_unchanged()
    path.write_text("ab")
    with pytest.raises(Conflict):
        file.check_unchanged()
    path.unlink()
    with pytest.raises(Conflict):
        file.check_unchanged()


def test_a_fresh_file_is_not_still(tmp_path: Path):
    path = tmp_path / "x.csv"
    path.write_text("a")
    assert not is_still(path, quiet_seconds=5, patience_seconds=0)
    assert is_still(path, quiet_seconds=0.1, patience_seconds=1)
    assert not is_still(tmp_path / "gone")
