"""What leaves identity."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field

from services.core.actor import Actor
from services.identity.policy import Grant
from services.identity.vocabulary import Locale, Theme


@dataclass(frozen=True, slots=True)
class LegalEntityView:
    id: uuid.UUID
    code: str
    name: str
    country: str
    currency: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody to whom work can be given."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class ContactView:
    """Somebody who is to be told something, and in which language."""

    id: uuid.UUID
    name: str
    email: str
    locale: str


@dataclass(frozen=True, slots=True)
class SessionSecret:
    """What goes into the cookie, once; the database keeps a hash of `value` alone."""

    value: str = field(repr=False)
    expires_at: dt.datetime
    user_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """No session was opened. The answer is the same for an unknown address and a wrong password.

    `retry_after` is the number of seconds to wait after too many attempts, 0 when one may try at once.
    """

    retry_after: int = 0


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person behind a live session, as re-read for this request."""

    actor: Actor
    email: str
    display_name: str
    locale: Locale
    theme: Theme


@dataclass(frozen=True, slots=True)
class UserView:
    id: uuid.UUID
    email: str
    display_name: str
    active: bool
    created_at: dt.datetime
    last_sign_in_at: dt.datetime | None
    open_sessions: int
    grants: tuple[Grant, ...]
