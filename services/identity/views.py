"""What leaves identity."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any

from services.core.actor import Actor
from services.identity.policy import Grant
from services.identity.vocabulary import Locale, SessionStage, Theme


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
    stage: SessionStage = SessionStage.OPEN


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
class PendingSession:
    """Somebody whose password was right and who still owes a second factor, or its enrolment."""

    actor: Actor
    stage: SessionStage
    email: str
    locale: Locale
    has_totp: bool
    has_passkey: bool


@dataclass(frozen=True, slots=True)
class SessionView:
    """An open session as the list shows it; `device` is browser and system, as far as the browser told."""

    id: uuid.UUID
    user_id: uuid.UUID
    person: str
    device: str
    address: str
    created_at: dt.datetime
    last_seen_at: dt.datetime
    expires_at: dt.datetime
    is_own: bool
    impersonator: str | None


@dataclass(frozen=True, slots=True)
class FactorView:
    """A second factor: `kind` is `totp` or `passkey`."""

    id: uuid.UUID
    kind: str
    label: str
    created_at: dt.datetime
    last_used_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class MyAccount:
    """What somebody sees of their own way in."""

    email: str
    display_name: str
    has_password: bool
    password_changed_at: dt.datetime | None
    factors: tuple[FactorView, ...]
    recovery_codes_left: int
    factor_required: bool
    sessions: tuple[SessionView, ...]


@dataclass(frozen=True, slots=True)
class StandingView:
    """Who somebody is, and the codes of the roles they hold for any entity."""

    name: str
    email: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleView:
    """A role with its rights; `second_factor` None follows the default, `by_default` is what that is."""

    code: str
    name: str
    built_in: bool
    permissions: frozenset[str]
    conditions: dict[str, Any]
    second_factor: bool | None
    by_default: bool
    holders: int
    version: int


@dataclass(frozen=True, slots=True)
class ApiKeyView:
    """A key without its secret; `state` is active, expired or revoked."""

    id: uuid.UUID
    name: str
    prefix: str
    owner: str
    is_own: bool
    scopes: tuple[str, ...]
    created_at: dt.datetime
    expires_at: dt.datetime
    last_used_at: dt.datetime | None
    last_address: str
    state: str
    is_successor: bool


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key with its secret, which nobody sees a second time."""

    id: uuid.UUID
    prefix: str
    secret: str = field(repr=False)
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review of access with its counts; `overdue` when its day is past and it is still open.

    `late` counts the rights decided after that day, or not at all although it is past.
    """

    id: uuid.UUID
    title: str
    due_on: dt.date
    started_at: dt.datetime
    closed_at: dt.datetime | None
    total: int
    kept: int
    removed: int
    overdue: bool
    late: int


@dataclass(frozen=True, slots=True)
class ReviewItemView:
    """One right of one person under review; `reviewer` None means any administrator but the person."""

    id: uuid.UUID
    person: str
    email: str
    last_sign_in_at: dt.datetime | None
    role: str
    entity: str | None
    reviewer: str | None
    decision: str | None
    decider: str | None
    decided_at: dt.datetime | None
    note: str
    may_decide: bool
    late: bool


@dataclass(frozen=True, slots=True)
class ReviewShareView:
    """What one owner had to decide in a review, and did; `reviewer` None stands for any administrator."""

    reviewer: str | None
    rights: int
    kept: int
    removed: int
    late: int

    @property
    def undecided(self) -> int:
        return self.rights - self.kept - self.removed


@dataclass(frozen=True, slots=True)
class NewTotp:
    """A seed to be scanned; it counts once a code of it was typed."""

    id: uuid.UUID
    uri: str = field(repr=False)
    seed: str = field(repr=False)


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
    invited: bool = False
    factors: int = 0
