"""A virus scanner looks at a file of evidence before it is kept, and without its word nothing is."""

from __future__ import annotations

import io
import socketserver
import struct
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import reflex as rx

from console import routes
from console.console import app  # noqa: F401 - first, as the console itself is loaded
from console.kit import application
from console.pages.reconciliation.break_state import BreakPage
from services.core.errors import Invalid, NotFound
from services.identity import Role
from services.integrations.virus_scanner import FileInfected, ScannerUnavailable, VirusScanner
from tests.console.events import a_tab, open_session

_BAD = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR"
_LARGE = b"%PDF-1.7" + bytes(300_000)
_ATTACH = f"{BreakPage.get_full_name()}.attach"


class _Clamd(socketserver.StreamRequestHandler):
    """INSTREAM as clamd has it: pieces with their length in front, ended by an empty one."""

    def handle(self) -> None:
        assert self.rfile.read(10) == b"zINSTREAM\x00"
        content = b""
        while length := struct.unpack(">I", self.rfile.read(4))[0]:
            content += self.rfile.read(length)
        seen: list[bytes] = self.server.seen  # pyright: ignore[reportAttributeAccessIssue]
        seen.append(content)
        said = b"stream: Eicar-Test-Signature FOUND" if _BAD in content else b"stream: OK"
        self.wfile.write((b"INSTREAM size limit exceeded. ERROR" if not content else said) + b"\x00")


@pytest.fixture
def clamd() -> Iterator[tuple[str, list[bytes]]]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Clamd) as server:
        seen: list[bytes] = []
        server.seen = seen  # pyright: ignore[reportAttributeAccessIssue]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}", seen
        server.shutdown()
        thread.join()


def test_a_verdict_lets_a_file_pass_or_not(clamd: tuple[str, list[bytes]]):
    address, seen = clamd
    scanner = VirusScanner(address)
    scanner.require_clean("receipt.pdf", _LARGE)
    assert seen == [_LARGE]
    with pytest.raises(FileInfected):
        scanner.require_clean("receipt.pdf", _LARGE + _BAD)
    for unsure, content in ((scanner, b""), (VirusScanner("127.0.0.1:9"), b"a")):
        with pytest.raises(ScannerUnavailable):
            unsure.require_clean("receipt.pdf", content)
    VirusScanner(None).require_clean("receipt.pdf", _BAD)


async def test_what_the_scanner_knows_is_not_kept(web: Any, clamd: tuple[str, list[bytes]]):
    address, seen = clamd
    settings = web.settings.model_copy(update={"files": web.settings.files.model_copy(update={"scanner": address})})
    application.use(replace(web, settings=settings))
    async with a_tab(open_session(web, Role.FINANCE), path="/breaks/7") as tab:
        tab.route = routes.BREAK
        with pytest.raises(FileInfected):
            await tab.send(_ATTACH, files=[_upload(_BAD)])
        assert seen == [_BAD]
        with pytest.raises((NotFound, Invalid)) as passed:
            await tab.send(_ATTACH, files=[_upload(b"%PDF-1.7 paid")])
        assert not isinstance(passed.value, FileInfected)  # past the scanner; there is no such break
    assert len(seen) == 2


def _upload(content: bytes) -> rx.UploadFile:
    return rx.UploadFile(file=io.BytesIO(content), path=None)  # pyright: ignore
