"""Requests to addresses that people configure: never into our own network, never redirected, never for long.

A name is resolved once, every address it has is checked, and the connection goes to a checked one, so a name
cannot point elsewhere between the check and the request.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from services.core.errors import Invalid, Unavailable

_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
_LONGEST_ANSWER = 64 * 1024
# `is_global` passes these; each leads back into a network of our own, or nowhere.
_DENIED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
        "::ffff:0:0/96",
        "fec0::/10",
        "224.0.0.0/4",
        "ff00::/8",
    )
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said; the body is cut at 64 KiB."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


def post(url: str, *, content: bytes, headers: Mapping[str, str], allow_private: bool = False) -> Answer:
    """Sends one POST. Raises Invalid for an address that may not be reached, Unavailable when nobody answers.

    `allow_private` admits hosts of one's own network, and http there, for a receiver that the operator named in the
    settings; anybody else is reached by https alone.
    """
    target = httpx.URL(url)
    if target.scheme not in ({"http", "https"} if allow_private else {"https"}) or not target.host or target.userinfo:
        raise Invalid("An address begins with https:// and names a host, without a user.")
    address = checked_address(target.host, target.port or (443 if target.scheme == "https" else 80), allow_private)
    literal = f"[{address}]" if ":" in address else address
    port = f":{target.port}" if target.port else ""
    pinned = target.copy_with(host=address)
    named = {**headers, "Host": f"{target.host}{port}"}
    try:
        with (
            httpx.Client(timeout=_TIMEOUT, trust_env=False, follow_redirects=False) as client,
            client.stream(
                "POST", pinned, content=content, headers=named, extensions={"sni_hostname": target.host}
            ) as answer,
        ):
            body = b""
            for piece in answer.iter_bytes():
                body += piece
                if len(body) > _LONGEST_ANSWER:
                    break
            return Answer(answer.status_code, dict(answer.headers), body[:_LONGEST_ANSWER])
    except httpx.HTTPError as error:
        raise Unavailable(f"{target.host} ({literal}) did not answer: {type(error).__name__}.") from error


def checked_address(host: str, port: int, allow_private: bool = False) -> str:
    """The address to connect to. Raises Invalid when any address of the host may not be reached."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unavailable(f"The name {host} cannot be resolved.") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    for address in addresses:
        if not allow_private and not is_public(address):
            raise Invalid(f"{host} leads into a private network, where requests are not sent.")
    return addresses[0]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet."""
    parsed = ipaddress.ip_address(address)
    denied = any(parsed.version == network.version and parsed in network for network in _DENIED)
    return parsed.is_global and not denied
