"""Tables of identity."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base
from services.core.ids import new_id


class LegalEntity(Base):
    """A company of the group with its own books, bank, Stripe account and time zone; it owns every business row."""

    __tablename__ = "legal_entity"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("code ~ '^[a-z][a-z0-9-]{1,30}$'", name="code_form"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_form"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    code: Mapped[str]
    name: Mapped[str]
    country: Mapped[str]
    currency: Mapped[str]
    time_zone: Mapped[str]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class User(Base):
    """A person who signs in. `email` is kept in lower case; nobody is deleted, since the audit log names them."""

    __tablename__ = "user_account"
    __table_args__ = (
        UniqueConstraint("email"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("locale IN ('en', 'de')", name="locale"),
        CheckConstraint("theme IN ('system', 'light', 'dark')", name="theme"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str]
    display_name: Mapped[str]
    password_hash: Mapped[str | None]
    locale: Mapped[str] = mapped_column(default="en")
    theme: Mapped[str] = mapped_column(default="system")
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    last_sign_in_at: Mapped[dt.datetime | None]
    password_changed_at: Mapped[dt.datetime | None]
    deactivated_at: Mapped[dt.datetime | None]


class RoleDefinition(Base):
    """A role: one of the five of the code (which then says its rights), or a custom one with its rights here.

    `conditions` narrows single rights: `{"<permission>": {"only": "own" | "own_team", "up_to": n, "currency": c}}`.
    """

    __tablename__ = "role_definition"
    __table_args__ = (
        CheckConstraint("code ~ '^[a-z][a-z0-9_-]{1,39}$'", name="code_form"),
        CheckConstraint("NOT built_in OR permissions = '{}'", name="built_in_rights"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    built_in: Mapped[bool] = mapped_column(default=False)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(String))
    conditions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    second_factor: Mapped[bool | None]
    version: Mapped[int] = mapped_column(default=1)
    retired_at: Mapped[dt.datetime | None]


class RoleGrant(Base):
    """A role held by a person: for one legal entity, or for all (`entity_id` null)."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("user_id", "role", "entity_id", postgresql_nulls_not_distinct=True),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    role: Mapped[str] = mapped_column(ForeignKey("role_definition.code"))
    entity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("legal_entity.id"))
    granted_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    granted_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user_account.id"))


class UserSession(Base):
    """A signed-in browser. Only a SHA-256 of its secret is kept; `chosen_entities` null means all that are granted.

    `stage` is `open`, or what is still missing: `factor` (the second one) or `enrolment` (of one). `proved_at` is
    the last password or second factor. `renew_at` is set when rights changed: the next page gets a new id.
    While impersonating, `own_expires_at` is the absolute end of the session that the administrator goes back to.
    """

    __tablename__ = "user_session"
    __table_args__ = (
        UniqueConstraint("secret_hash"),
        Index(None, "user_id", "created_at"),
        CheckConstraint("stage IN ('open', 'factor', 'enrolment')", name="stage"),
        CheckConstraint("(impersonator_id IS NULL) = (impersonation_reason IS NULL)", name="impersonation"),
        CheckConstraint("(impersonator_id IS NULL) = (own_expires_at IS NULL)", name="own_end"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    last_seen_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    idle_seconds: Mapped[int]
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    address: Mapped[str | None]
    user_agent: Mapped[str | None]
    chosen_entities: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(UUID(as_uuid=True)))
    stage: Mapped[str] = mapped_column(default="open", server_default="open")
    proved_at: Mapped[dt.datetime | None]
    renew_at: Mapped[dt.datetime | None]
    impersonator_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user_account.id"))
    impersonation_reason: Mapped[str | None]
    own_expires_at: Mapped[dt.datetime | None]


class SignInThrottle(Base):
    """Wrong passwords in a row, for an e-mail address (known or not) and for a network address."""

    __tablename__ = "sign_in_throttle"

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_failure_at: Mapped[dt.datetime]
    locked_until: Mapped[dt.datetime | None]
