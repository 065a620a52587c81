"""Requests to configured addresses never reach our own network."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import ClassVar

import pytest

from services.core.errors import Invalid, Unavailable
from services.integrations import http_client


class Receiver(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Receiver.seen.append((self.path, self.headers["Host"], body))
        self.send_response(302 if self.path == "/elsewhere" else 200)
        self.send_header("Location", "http://127.0.0.1:1/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def receiver() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Receiver.seen.clear()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_private_address_is_refused_unless_the_operator_admits_it(receiver: str):
    with pytest.raises(Invalid, match="private"):
        http_client.post(receiver.replace("http", "https", 1), content=b"x", headers={})
    assert Receiver.seen == []
    answer = http_client.post(f"{receiver}/hook", content=b"note", headers={"X-A": "1"}, allow_private=True)
    assert answer.is_success
    assert Receiver.seen == [("/hook", receiver.removeprefix("http://"), b"note")]


def test_nobody_outside_the_own_network_is_told_in_the_clear():
    with pytest.raises(Invalid, match="begins with https"):
        http_client.post("http://203.0.113.7/hook", content=b"x", headers={})


def test_a_redirect_is_an_answer_and_not_followed(receiver: str):
    assert http_client.post(f"{receiver}/elsewhere", content=b"", headers={}, allow_private=True).status == 302


def test_nobody_there_is_unavailable():
    with pytest.raises(Unavailable):
        http_client.post("http://127.0.0.1:1/", content=b"", headers={}, allow_private=True)


@pytest.mark.parametrize("url", ["ftp://example.com/", "file:///etc/passwd", "https://user@example.com/", "https://"])
def test_other_addresses_are_refused(url: str):
    with pytest.raises(Invalid):
        http_client.post(url, content=b"", headers={})


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "::1",
        "fe80::1", "fc00::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "::127.0.0.1", "::ffff:127.0.0.1",
        "fec0::1", "192.0.0.8", "224.0.0.1", "ff02::1", "255.255.255.255", "2001:db8::1",
    ],
)  # fmt: skip
def test_no_way_into_a_private_network(address: str):
    assert not http_client.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_the_public_internet_is_reached(address: str):
    assert http_client.is_public(address)
