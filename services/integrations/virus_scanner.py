"""A virus scanner that speaks clamd's protocol (ClamAV, and others that offer its INSTREAM)."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from services.core.errors import Invalid, Unavailable
from services.core.log import get_logger

_TIMEOUT_SECONDS = 30.0
_PIECE = 1 << 16
_LONGEST_ANSWER = 4096
_log = get_logger(__name__)


class FileInfected(Invalid):
    """The scanner knows what is in the file."""

    code = "file_infected"


class ScannerUnavailable(Unavailable):
    """The scanner did not answer, or would not look at the file; without its word nothing is kept."""

    code = "virus_scanner_unavailable"


@dataclass(frozen=True)
class VirusScanner:
    """The scanner at `address` (`host:port`); without one every file passes."""

    address: str | None

    def require_clean(self, name: str, content: bytes) -> None:
        """Raises FileInfected, ScannerUnavailable without a verdict. Asks the network: keep it out of transactions."""
        if self.address is None:
            return
        try:
            verdict = self._verdict(self.address, content)
        except OSError as error:
            _log.warning("files.scanner.unreachable", error=type(error).__name__)
            raise ScannerUnavailable("The virus scanner does not answer, so the file was not kept.") from error
        if verdict == "stream: OK":
            return
        if verdict.endswith(" FOUND"):
            _log.warning("files.scanner.found", what=verdict.removeprefix("stream: "))
            raise FileInfected("The virus scanner finds something in this file; it was not kept.", name=name)
        raise ScannerUnavailable("The virus scanner gives no verdict, so the file was not kept.")

    @staticmethod
    def _verdict(address: str, content: bytes) -> str:
        host, _, port = address.rpartition(":")
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_TIMEOUT_SECONDS) as connection:
            connection.sendall(b"zINSTREAM\x00")
            for at in range(0, len(content), _PIECE):
                piece = content[at : at + _PIECE]
                connection.sendall(struct.pack(">I", len(piece)) + piece)
            connection.sendall(struct.pack(">I", 0))
            answer = b""
            while len(answer) < _LONGEST_ANSWER and (more := connection.recv(_LONGEST_ANSWER)):
                answer += more
        return answer.rstrip(b"\x00").decode(errors="replace")
