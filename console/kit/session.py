"""From a cookie to the person behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie

from starlette.requests import HTTPConnection

from console.kit import application
from services import identity
from services.core.actor import Actor

COOKIE = "kontor_session"
_ANYBODY = Actor.system("sign-in")


@dataclass(frozen=True)
class Principal:
    """Who sends this request or event, with rights as they stand now."""

    signed_in: identity.SignedIn
    secret: str = field(repr=False)

    @property
    def actor(self) -> Actor:
        return self.signed_in.actor

    @property
    def locale(self) -> str:
        return self.signed_in.locale.value


# Set by the authorisation middleware for the event that runs in this task.
PRINCIPAL: ContextVar[Principal] = ContextVar("principal")


def behind_tls() -> bool:
    return application.current().settings.public_url.startswith("https://")


def cookie_name(name: str = COOKIE) -> str:
    """`__Host-` binds a cookie to this host and to TLS; browsers refuse it on plain HTTP."""
    return f"__Host-{name}" if behind_tls() else name


def secret_in(cookies: Mapping[str, str]) -> str:
    """The session secret among parsed cookies, or the empty string."""
    return cookies.get(cookie_name(), "")


def parse_cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def look_up(secret: str) -> Principal | None:
    """Reads the session and the rights from the database, each time."""
    if not secret:
        return None
    with application.current().database.unit_of_work(_ANYBODY) as uow:
        signed_in = identity.actor_for_session(uow, secret=secret)
    return Principal(signed_in, secret) if signed_in else None


async def principal(secret: str) -> Principal | None:
    """`look_up` off the event loop."""
    return await asyncio.to_thread(look_up, secret) if secret else None


def look_up_key(header: str, address: str | None) -> Principal | None:
    """Whoever an `Authorization: Bearer` header names by an API key."""
    kind, _, secret = header.partition(" ")
    if kind.lower() != "bearer" or not secret:
        return None
    with application.current().database.unit_of_work(_ANYBODY) as uow:
        actor = identity.actor_for_api_key(uow, secret=secret.strip(), address=address)
    if actor is None:
        return None
    return Principal(identity.SignedIn(actor, "", actor.name, identity.Locale.ENGLISH, identity.Theme.SYSTEM), "")


async def bearer(connection: HTTPConnection) -> Principal | None:
    """`look_up_key` off the event loop."""
    address = connection.client.host if connection.client else None
    return await asyncio.to_thread(look_up_key, connection.headers.get("authorization", ""), address)
