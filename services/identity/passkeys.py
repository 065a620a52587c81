"""Passkeys (WebAuthn): registered by a session, asked for at sign-in and for a step-up."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from typing import Any

import webauthn
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from services import audit
from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.identity.factors import has_factor, issue_recovery_codes, own_account, record_factor
from services.identity.models import User
from services.identity.models_proof import Passkey, PasskeyChallenge

_LASTS = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom a passkey is for: the console's host name and its whole origin (`https://kontor.example`)."""

    host: str
    origin: str


def begin_passkey(uow: UnitOfWork, *, party: RelyingParty) -> str:
    """The options, as JSON, with which a browser makes a new passkey."""
    user = own_account(uow)
    if has_factor(uow, user.id):
        uow.actor.require_fresh_proof(uow.clock.now())
    options = webauthn.generate_registration_options(
        rp_id=party.host,
        rp_name="Kontor",
        user_id=user.id.bytes,
        user_name=user.email,
        user_display_name=user.display_name,
        exclude_credentials=_descriptors(uow, user.id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED
        ),
    )
    _remember(uow, "register", options.challenge)
    return webauthn.options_to_json(options)


def finish_passkey(uow: UnitOfWork, *, party: RelyingParty, answer: str, label: str = "") -> list[str]:
    """Keeps the new passkey. Returns ten recovery codes when it is the first factor. Raises Invalid."""
    user = own_account(uow)
    first = not has_factor(uow, user.id)
    if not first:
        uow.actor.require_fresh_proof(uow.clock.now())
    credential = _parsed(answer)
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=_challenge(uow, "register"),
            expected_rp_id=party.host,
            expected_origin=party.origin,
        )
    except WebAuthnException as error:
        raise Invalid("The browser's answer does not belong to this passkey request. Try again.") from error
    added = insert(Passkey).values(
        user_id=user.id,
        label=(label.strip() or "Passkey")[:60],
        credential_id=made.credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=_transports(credential),
    )
    if uow.session.scalar(added.on_conflict_do_nothing(index_elements=["credential_id"]).returning(Passkey.id)) is None:
        raise Invalid("This passkey is registered already.")
    record_factor(uow, user, "added", "passkey", (label.strip() or "Passkey")[:60])
    return issue_recovery_codes(uow, user) if first else []


def ask_for_passkey(uow: UnitOfWork, user: User, *, party: RelyingParty) -> str:
    """The options, as JSON, with which a browser proves one of the person's passkeys. Raises NotFound without one."""
    held = _descriptors(uow, user.id)
    if not held:
        raise NotFound("You have no passkey.")
    options = webauthn.generate_authentication_options(rp_id=party.host, allow_credentials=held)
    _remember(uow, "prove", options.challenge)
    return webauthn.options_to_json(options)


def check_passkey(uow: UnitOfWork, user: User, *, party: RelyingParty, answer: str) -> bool:
    """Whether the answer was signed by one of the person's passkeys for the challenge of this very session."""
    try:
        credential = _parsed(answer)
        challenge = _challenge(uow, "prove")
        credential_id = base64url_to_bytes(str(credential.get("id", "")))
    except (Invalid, ValueError):
        return False
    key = uow.session.scalar(
        select(Passkey).where(Passkey.user_id == user.id, Passkey.credential_id == credential_id).with_for_update()
    )
    if key is None:
        return False
    try:
        proved = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.host,
            expected_origin=party.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
        )
    except WebAuthnException:
        _audit_failed(uow, user, key)
        return False
    key.sign_count = proved.new_sign_count
    key.last_used_at = uow.session.execute(select(func.clock_timestamp())).scalar_one()
    uow.session.flush()
    return True


def _audit_failed(uow: UnitOfWork, user: User, key: Passkey) -> None:
    audit.record(
        uow,
        action="identity.passkey.refused",
        subject_type="user",
        subject_id=user.id,
        after={"label": key.label},
        outcome="refused",
    )


def _remember(uow: UnitOfWork, purpose: str, challenge: bytes) -> None:
    values = {"challenge": challenge, "expires_at": dt.datetime.now(dt.UTC) + _LASTS}
    kept = insert(PasskeyChallenge).values(session_id=_session(uow), purpose=purpose, **values)
    uow.session.execute(kept.on_conflict_do_update(index_elements=["session_id", "purpose"], set_=values))


def _challenge(uow: UnitOfWork, purpose: str) -> bytes:
    """What this session was asked to sign; it is gone afterwards. Raises Invalid when there is nothing."""
    taken = uow.session.execute(
        delete(PasskeyChallenge)
        .where(PasskeyChallenge.session_id == _session(uow), PasskeyChallenge.purpose == purpose)
        .returning(PasskeyChallenge.challenge, PasskeyChallenge.expires_at)
    ).one_or_none()
    if taken is None or taken.expires_at < dt.datetime.now(dt.UTC):
        raise Invalid("The request took too long. Try again.")
    return taken.challenge


def _session(uow: UnitOfWork) -> uuid.UUID:
    if uow.actor.session_id is None:
        raise Invalid("A passkey belongs to a browser's session.")
    return uow.actor.session_id


def _descriptors(uow: UnitOfWork, user_id: uuid.UUID) -> list[PublicKeyCredentialDescriptor]:
    rows = uow.session.execute(select(Passkey.credential_id, Passkey.transports).where(Passkey.user_id == user_id))
    known = {item.value for item in AuthenticatorTransport}
    return [
        PublicKeyCredentialDescriptor(
            id=row.credential_id, transports=[AuthenticatorTransport(item) for item in row.transports if item in known]
        )
        for row in rows
    ]


def _parsed(answer: str) -> dict[str, Any]:
    try:
        credential = json.loads(answer)
    except ValueError:
        credential = None
    if not isinstance(credential, dict):
        raise Invalid("The browser's answer cannot be read.")
    return credential


def _transports(credential: dict[str, Any]) -> list[str]:
    response = credential.get("response")
    told = response.get("transports") if isinstance(response, dict) else None
    return [str(item)[:20] for item in told[:6]] if isinstance(told, list) else []
