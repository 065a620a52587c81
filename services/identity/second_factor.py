"""The second half of a sign-in: a code or a passkey, or enrolling one where the role asks for it."""

from __future__ import annotations

from types import MappingProxyType

from sqlalchemy import select

from services import audit
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity import throttle
from services.identity.factors import factors_of, has_factor, use_recovery_code
from services.identity.models import User, UserSession
from services.identity.opening import Browser, end, open_session, secret_hash
from services.identity.passkeys import RelyingParty, ask_for_passkey, check_passkey
from services.identity.policy import SessionLifetime
from services.identity.sessions import live
from services.identity.totp import check_totp
from services.identity.views import PendingSession, SessionSecret, SignInRefused
from services.identity.vocabulary import Locale, SessionStage

_FREE_GUESSES = 5
_SELF_ALONE = MappingProxyType({Permission.SELF.value: EntityScope.of(())})


def pending_session(uow: UnitOfWork, *, secret: str) -> PendingSession | None:
    """Whoever is half signed in with this secret. Their actor may do nothing but finish."""
    found = uow.session.execute(
        select(UserSession, User)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.secret_hash == secret_hash(secret),
            UserSession.stage != SessionStage.OPEN,
            User.deactivated_at.is_(None),
            *live(),
        )
    ).one_or_none()
    if found is None:
        return None
    session, user = found
    kinds = {factor.kind for factor in factors_of(uow, user.id)}
    enrols = session.stage == SessionStage.ENROLMENT
    actor = Actor(
        ActorKind.USER,
        user.id,
        user.display_name,
        grants=MappingProxyType({Permission.SELF.value: EntityScope.everything()}) if enrols else _SELF_ALONE,
        session_id=session.id,
        address=session.address,
        proved_at=uow.clock.now() if enrols else None,
    )
    return PendingSession(
        actor, SessionStage(session.stage), user.email, Locale(user.locale), "totp" in kinds, "passkey" in kinds
    )


def finish_by_code(uow: UnitOfWork, *, code: str, lifetime: SessionLifetime) -> SessionSecret | SignInRefused:
    """Opens the session after a code of the app or a recovery code; commit in both cases, since a refusal counts."""
    session, user, wait = _begin(uow)
    if wait:
        return SignInRefused(retry_after=wait)
    if check_totp(uow, user, code):
        return _open(uow, session, user, lifetime, "totp")
    if use_recovery_code(uow, user, code):
        return _open(uow, session, user, lifetime, "recovery_code")
    return _refuse(uow, user)


def passkey_for_sign_in(uow: UnitOfWork, *, party: RelyingParty) -> str:
    """What the browser is to sign, as JSON."""
    _, user = _half(uow)
    return ask_for_passkey(uow, user, party=party)


def finish_by_passkey(
    uow: UnitOfWork, *, answer: str, party: RelyingParty, lifetime: SessionLifetime
) -> SessionSecret | SignInRefused:
    """Opens the session after a passkey's answer; commit in both cases, since a refusal counts."""
    session, user, wait = _begin(uow)
    if wait:
        return SignInRefused(retry_after=wait)
    if check_passkey(uow, user, party=party, answer=answer):
        return _open(uow, session, user, lifetime, "passkey")
    return _refuse(uow, user)


def finish_enrolment(uow: UnitOfWork, *, lifetime: SessionLifetime) -> SessionSecret:
    """Opens the session of whoever has just enrolled a factor. Raises Forbidden before that."""
    session, user = _half(uow)
    if session.stage != SessionStage.ENROLMENT or not has_factor(uow, user.id):
        raise Forbidden("Set up a second factor first.", permission=str(Permission.SELF))
    return _open(uow, session, user, lifetime, "enrolment")


def _begin(uow: UnitOfWork) -> tuple[UserSession, User, int]:
    session, user = _half(uow)
    if session.stage != SessionStage.FACTOR:
        raise Forbidden("There is no second factor to be asked for.", permission=str(Permission.SELF))
    return session, user, throttle.count_attempt(uow, _key(user), _FREE_GUESSES)


def _half(uow: UnitOfWork) -> tuple[UserSession, User]:
    """The unfinished session of the actor. Raises Forbidden when there is none: it was finished or has ended."""
    session = uow.session.scalar(
        select(UserSession).where(
            UserSession.id == uow.actor.session_id, UserSession.stage != SessionStage.OPEN, *live()
        )
    )
    if session is None:
        raise Forbidden("This sign-in has ended. Begin again.", permission=str(Permission.SELF))
    return session, uow.session.get_one(User, session.user_id)


def _open(uow: UnitOfWork, session: UserSession, user: User, lifetime: SessionLifetime, by: str) -> SessionSecret:
    """A new id: what was half open before is worth nothing from here."""
    throttle.forget(uow, _key(user))
    end(uow, UserSession.id == session.id)
    return open_session(uow, user, Browser(session.address, session.user_agent), lifetime, by=f"password+{by}")


def _refuse(uow: UnitOfWork, user: User) -> SignInRefused:
    audit.record(uow, action="identity.factor.refused", subject_type="user", subject_id=user.id, outcome="refused")
    return SignInRefused()


def _key(user: User) -> str:
    return f"factor:{user.id}"
