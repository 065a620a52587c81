"""The ASGI wrapper around everything: sessions, origins, size of bodies, and the headers of each answer."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.kit import application, rates, session, sockets
from console.kit.answers import Watched
from services.core.log import get_logger

_log = get_logger(__name__)
SIGN_IN = "/auth/sign-in"
# Reachable without a session: the sign-in itself, probes, hooks that verify a signature, and static files.
PUBLIC_PREFIXES = ("/auth/", "/hooks/", "/css/", "/fonts/", "/assets/")
_SCRIPTS = frozenset({"/kontor.js", "/link.js", "/proof.js", "/sign-in.js"})
PUBLIC_PATHS = _SCRIPTS | {"/healthz", "/readyz", "/metrics", "/favicon.ico", "/favicon.svg", "/icons.svg"}
# Signed by the sender and never sent by a browser with our cookie, so their Origin says nothing.
_FOREIGN_WRITERS = ("/hooks/",)
# Asked on the machine itself or by the load balancer, past the proxy that ends TLS.
_FROM_INSIDE = frozenset({"/healthz", "/readyz", "/metrics"})
_FOR_PROGRAMS = ("/api/", "/hooks/", "/export/", "/_event", "/_upload")
_LARGEST_BODY = 1 << 20
_LARGEST_UPLOAD = 64 << 20
_UPLOADS = ("/_upload", "/api/ledgers/")
_INLINE_SCRIPT = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.DOTALL)


class TooLarge(Exception):
    """The request body is larger than its route accepts."""


def is_public(path: str) -> bool:
    return path in PUBLIC_PATHS or path.startswith(PUBLIC_PREFIXES)


def content_security_policy(page: Path | None) -> str:
    """Our own origin alone, plus the hashes of the inline scripts that the built page starts with."""
    hashes = ""
    if page is not None and page.exists():
        for script in _INLINE_SCRIPT.findall(page.read_bytes()):
            hashes += f" 'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
    return (
        f"default-src 'self'; script-src 'self'{hashes}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


class Gate:
    """Passed last to Reflex's `api_transformer`, so that it sees every HTTP request and websocket first."""

    def __init__(self, app: ASGIApp, page: Path | None = None) -> None:
        self._app = app
        self._policy = content_security_policy(page)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        send = _with_headers(send, self._headers(scope["path"]))
        refusal = await _refuse_http(connection, scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        answer = Watched(send)
        try:
            await self._app(scope, _capped(scope, receive), answer)
        except TooLarge:
            if not answer.begun:
                await _problem(413, "The request is larger than this address accepts.")(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        connection = HTTPConnection(scope)
        ours = _same_origin(connection) and not _in_the_clear(scope)
        person = await session.principal(session.secret_in(connection.cookies)) if ours else None
        if person is None or person.actor.session_id is None:
            await receive()
            await send({"type": "websocket.close", "code": 4401})
            return
        # The Origin was checked here; the socket server behind has a list of its own that knows no "same".
        headers = [(name, value) for name, value in scope["headers"] if name != b"origin"]
        with sockets.watching(person.actor.session_id) as ended:
            door = sockets.Door(receive, send, ended)
            try:
                await self._app({**scope, "headers": headers}, door.receive, door.send)
            finally:
                door.close()

    def _headers(self, path: str) -> list[tuple[bytes, bytes]]:
        headers = {
            "content-security-policy": self._policy,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "cache-control": _cache_control(path),
        }
        if session.behind_tls():
            headers["strict-transport-security"] = "max-age=63072000; includeSubDomains"
        return [(name.encode(), value.encode()) for name, value in headers.items()]


async def _refuse_http(connection: HTTPConnection, scope: Scope) -> Response | None:
    path = scope["path"]
    if _in_the_clear(scope) and path not in _FROM_INSIDE:
        return _only_with_tls(path, scope)
    if _declared_length(connection) > _limit(path):
        _log.warning("web.request.too_large", path=path[:80])
        return _problem(413, "The request is larger than this address accepts.")
    if not is_public(path) and "authorization" in connection.headers:
        # A browser never sends this header by itself, so the Origin of a program says nothing.
        known = await session.bearer(connection)
        if known is None:
            return _problem(401, "This key is unknown, revoked or expired.")
        return await _too_often(rates.wait_of_person, path, scope["method"], known.actor)
    return await _refuse_browser(connection, scope)


def _in_the_clear(scope: Scope) -> bool:
    """Whether it came without TLS although people reach this console by https; the proxy in front says how it came."""
    return session.behind_tls() and scope["scheme"] not in {"https", "wss"}


def _only_with_tls(path: str, scope: Scope) -> Response:
    """Whoever typed the name is led on; a program is refused, so that its mistake is seen."""
    _log.warning("web.request.in_the_clear", path=path[:80])
    if scope["method"] in rates.SAFE_METHODS and not path.startswith(_FOR_PROGRAMS):
        query = f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
        to = application.current().settings.public_url.rstrip("/") + quote(path) + query
        return RedirectResponse(to, status_code=308)
    return _problem(403, "This console answers over https alone.")


async def _refuse_browser(connection: HTTPConnection, scope: Scope) -> Response | None:
    path, method = scope["path"], scope["method"]
    address = connection.client.host if connection.client else ""
    if refusal := await _too_often(rates.wait_of_address, path, method, address):
        return refusal
    if method not in rates.SAFE_METHODS and not path.startswith(_FOREIGN_WRITERS) and not _same_origin(connection):
        _log.warning("web.request.foreign", path=path[:80], origin=connection.headers.get("origin", "")[:200])
        return _problem(403, "This write did not come from a page of this console.")
    if is_public(path):
        return None
    person = await session.principal(session.secret_in(connection.cookies))
    if person is not None:
        return await _too_often(rates.wait_of_person, path, method, person.actor)
    if method in rates.SAFE_METHODS and "text/html" in connection.headers.get("accept", ""):
        target = path + (f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else "")
        return RedirectResponse(f"{SIGN_IN}?next={quote(target, safe='')}", status_code=303)
    return _problem(401, "Sign in first.")


_Who = TypeVar("_Who")


async def _too_often(wait_of: Callable[[str, str, _Who], int], path: str, method: str, who: _Who) -> Response | None:
    wait = await asyncio.to_thread(wait_of, path, method, who)
    if not wait:
        return None
    _log.warning("web.request.too_often", path=path[:80], wait=wait)
    return _problem(429, "Too many requests. Wait a little.", {"retry-after": str(wait)})


def _same_origin(connection: HTTPConnection) -> bool:
    """Browsers name the Origin of every websocket and every write; one that is absent or foreign is refused."""
    origin = connection.headers.get("origin")
    return bool(origin) and urlsplit(origin).netloc == connection.headers.get("host")


def _limit(path: str) -> int:
    return _LARGEST_UPLOAD if path.startswith(_UPLOADS) else _LARGEST_BODY


def _declared_length(connection: HTTPConnection) -> int:
    declared = connection.headers.get("content-length", "0")
    return int(declared) if declared.isascii() and declared.isdigit() else _LARGEST_UPLOAD + 1


def _capped(scope: Scope, receive: Receive) -> Receive:
    """Counts the body as it comes in, because a chunked one declares no length."""
    limit, seen = _limit(scope["path"]), 0

    async def capped() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise TooLarge
        return message

    return capped


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    """Adds the headers an answer does not set itself."""

    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            own: list[Any] = [_with_charset(item) for item in message.get("headers", [])]
            present = {name.lower() for name, _ in own}
            message = {**message, "headers": own + [item for item in headers if item[0] not in present]}
        await send(message)

    return sender


def _with_charset(header: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Static texts get their type from a table that names no charset; all of ours are UTF-8."""
    name, value = header
    text = value.startswith((b"text/", b"application/javascript", b"image/svg+xml"))
    if name.lower() == b"content-type" and text and b"charset" not in value:
        return name, value + b"; charset=utf-8"
    return header


def _cache_control(path: str) -> str:
    if path.startswith("/assets/"):
        return "public, max-age=31536000, immutable"
    if path.startswith(("/css/", "/fonts/")) or path in _SCRIPTS | {"/icons.svg", "/favicon.svg"}:
        return "public, max-age=300, must-revalidate"
    return "no-store"


def _problem(status: int, title: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status},
        status_code=status,
        headers=headers,
        media_type="application/problem+json",
    )
