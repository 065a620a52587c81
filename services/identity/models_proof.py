"""Tables of what proves who somebody is: factors, links, keys, foreign accounts."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, func
from sqlalchemy.dialects.postgresql import ARRAY, UUID
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base
from services.core.ids import new_id
from services.core.keyring import Sealed


class FormerPassword(Base):
    """A password somebody had before; the last five may not come back."""

    __tablename__ = "former_password"
    __table_args__ = (Index(None, "user_id", "replaced_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    password_hash: Mapped[str]
    replaced_at: Mapped[dt.datetime] = mapped_column(server_default=func.clock_timestamp())


class OneTimeLink(Base):
    """A link sent by mail that sets a password once: an invitation or a forgotten password."""

    __tablename__ = "one_time_link"
    __table_args__ = (
        UniqueConstraint("secret_hash"),
        Index(None, "user_id"),
        CheckConstraint("purpose IN ('invitation', 'reset')", name="purpose"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    purpose: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[dt.datetime]
    used_at: Mapped[dt.datetime | None]


class TotpFactor(Base):
    """An authenticator app. `last_step` is the newest 30-second step whose code was taken: no code works twice."""

    __tablename__ = "totp_factor"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    label: Mapped[str]
    seed: Mapped[bytes] = mapped_column(Sealed)
    last_step: Mapped[int | None]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    confirmed_at: Mapped[dt.datetime | None]
    last_used_at: Mapped[dt.datetime | None]


class Passkey(Base):
    """A WebAuthn credential: the public half; `sign_count` going backwards means a copy."""

    __tablename__ = "passkey"
    __table_args__ = (UniqueConstraint("credential_id"), Index(None, "user_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    label: Mapped[str]
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    transports: Mapped[list[str]] = mapped_column(ARRAY(String))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    last_used_at: Mapped[dt.datetime | None]


class PasskeyChallenge(Base):
    """What a session asked a browser to sign; taken once, within five minutes."""

    __tablename__ = "passkey_challenge"

    session_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_session.id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(primary_key=True)
    challenge: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[dt.datetime]


class RecoveryCode(Base):
    """One of ten codes for when the factors are lost; each works once."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    used_at: Mapped[dt.datetime | None]


class ForeignAccount(Base):
    """The account of a person at an OpenID provider."""

    __tablename__ = "foreign_account"
    __table_args__ = (UniqueConstraint("issuer", "subject"), UniqueConstraint("issuer", "user_id"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    issuer: Mapped[str]
    subject: Mapped[str]
    linked_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class ForeignSignIn(Base):
    """A sign-in that is on its way at the provider; `browser_hash` binds it to the browser that began it."""

    __tablename__ = "foreign_sign_in"

    state_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    browser_hash: Mapped[bytes] = mapped_column(LargeBinary)
    nonce: Mapped[str]
    verifier: Mapped[bytes] = mapped_column(Sealed)
    next_page: Mapped[str]
    proves_session: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user_session.id"))
    expires_at: Mapped[dt.datetime]


class ApiKey(Base):
    """A key with which a program acts for a person: what the scopes name, of what the person may do today."""

    __tablename__ = "api_key"
    __table_args__ = (UniqueConstraint("secret_hash"), Index(None, "user_id", "created_at"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    name: Mapped[str]
    prefix: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String))
    entities: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(UUID(as_uuid=True)))
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[dt.datetime]
    last_used_at: Mapped[dt.datetime | None]
    last_address: Mapped[str | None]
    revoked_at: Mapped[dt.datetime | None]
    replaces_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("api_key.id"))


class AccessReview(Base):
    """A campaign: by a day, somebody looks at every right and keeps or removes it; `reminded_on` is when the owners
    were last told of it."""

    __tablename__ = "access_review"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    title: Mapped[str]
    due_on: Mapped[dt.date]
    started_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user_account.id"))
    started_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())
    closed_at: Mapped[dt.datetime | None]
    reminded_on: Mapped[dt.date | None]


class AccessReviewItem(Base):
    """One right of one person under review; whoever decides is never the person."""

    __tablename__ = "access_review_item"
    __table_args__ = (
        UniqueConstraint("review_id", "user_id", "role", "entity_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("decision IN ('keep', 'remove')", name="decision"),
        CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="decided"),
        CheckConstraint("reviewer_id <> user_id", name="reviewer"),
        CheckConstraint("decided_by <> user_id", name="decider"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    review_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("access_review.id"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("user_account.id"))
    role: Mapped[str]
    entity_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("legal_entity.id"))
    reviewer_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decision: Mapped[str | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[dt.datetime | None]
    note: Mapped[str | None]
