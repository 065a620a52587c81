"""Step-up: the person at the browser proves again who they are, by password, code or passkey."""

from __future__ import annotations

from sqlalchemy import func, select, update

from services import audit
from services.core.db import UnitOfWork
from services.identity import throttle
from services.identity.factors import factors_of, own_account
from services.identity.models import User, UserSession
from services.identity.models_proof import ForeignAccount
from services.identity.passkeys import RelyingParty, ask_for_passkey, check_passkey
from services.identity.passwords import matches
from services.identity.totp import check_totp
from services.identity.views import SignInRefused

_FREE_GUESSES = 5


def ways_to_prove(uow: UnitOfWork) -> frozenset[str]:
    """With what this person can prove who they are: `password`, `totp`, `passkey`, `openid`."""
    user = own_account(uow)
    found = {factor.kind for factor in factors_of(uow, user.id)}
    found |= {"password"} if user.password_hash else set()
    linked = uow.session.scalar(select(ForeignAccount.id).where(ForeignAccount.user_id == user.id).limit(1))
    return frozenset(found | ({"openid"} if linked else set()))


def prove_by_password(uow: UnitOfWork, *, password: str) -> SignInRefused | None:
    """Notes a fresh proof for this session; commit in both cases, since a refusal counts.

    Returns None when the password is right, else how long to wait before the next attempt.
    """
    user, wait = _begin(uow)
    if wait:
        return SignInRefused(retry_after=wait)
    right = matches(user.password_hash, password[:1024])
    return _settle(uow, user, "password", right=right)


def prove_by_code(uow: UnitOfWork, *, code: str) -> SignInRefused | None:
    """The same with a code of the authenticator app."""
    user, wait = _begin(uow)
    if wait:
        return SignInRefused(retry_after=wait)
    return _settle(uow, user, "totp", right=check_totp(uow, user, code))


def passkey_for_proof(uow: UnitOfWork, *, party: RelyingParty) -> str:
    """What the browser is to sign, as JSON. Raises NotFound without a passkey."""
    return ask_for_passkey(uow, own_account(uow), party=party)


def prove_by_passkey(uow: UnitOfWork, *, answer: str, party: RelyingParty) -> SignInRefused | None:
    """The same with a passkey."""
    user, wait = _begin(uow)
    if wait:
        return SignInRefused(retry_after=wait)
    return _settle(uow, user, "passkey", right=check_passkey(uow, user, party=party, answer=answer))


def note_proof(uow: UnitOfWork, user: User, by: str) -> None:
    """This session's person has proved again who they are."""
    throttle.forget(uow, _key(user))
    uow.session.execute(
        update(UserSession).where(UserSession.id == uow.actor.session_id).values(proved_at=func.clock_timestamp())
    )
    audit.record(uow, action="identity.proof.renewed", subject_type="user", subject_id=user.id, after={"by": by})


def _begin(uow: UnitOfWork) -> tuple[User, int]:
    user = own_account(uow)
    return user, throttle.count_attempt(uow, _key(user), _FREE_GUESSES)


def _settle(uow: UnitOfWork, user: User, by: str, *, right: bool) -> SignInRefused | None:
    if right:
        note_proof(uow, user, by)
        return None
    audit.record(
        uow,
        action="identity.proof.refused",
        subject_type="user",
        subject_id=user.id,
        after={"by": by},
        outcome="refused",
    )
    return SignInRefused()


def _key(user: User) -> str:
    return f"proof:{user.id}"
