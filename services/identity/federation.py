"""Signing in through the organisation's OpenID provider: begun once, finished once, linked by verified mail only."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services import audit
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from services.identity.factors import own_account
from services.identity.models import RoleDefinition, RoleGrant, User, UserSession
from services.identity.models_proof import ForeignAccount, ForeignSignIn
from services.identity.opening import Browser, ask_for_renewal, open_session, secret_hash
from services.identity.policy import SessionLifetime
from services.identity.proof import note_proof
from services.identity.views import SessionSecret, SignInRefused
from services.identity.witnesses import tell_of_holders
from services.integrations.openid import Vouched

_LASTS = dt.timedelta(minutes=10)
_CLOCKS_APART = dt.timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class BegunSignIn:
    """What goes to the provider, and (`browser`) what stays in the browser that began.

    `proves_session` is the open session whose person is to prove again who they are; None for a sign-in.
    """

    state: str
    nonce: str
    next_page: str
    verifier: str = field(repr=False)
    browser: str = field(repr=False)
    begun_at: dt.datetime
    proves_session: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class GroupRoles:
    """Which of the provider's groups give which roles, and whether somebody unknown in one gets an account."""

    roles: Mapping[str, str]
    create: bool = False


def begin_foreign_sign_in(uow: UnitOfWork, *, next_page: str) -> BegunSignIn:
    """State, nonce and PKCE verifier of one attempt; it ends after ten minutes or when it is used."""
    return _begin(uow, next_page, None)


def begin_foreign_proof(uow: UnitOfWork, *, next_page: str) -> BegunSignIn:
    """The same for whoever is signed in and is to prove again who they are."""
    own_account(uow)
    return _begin(uow, next_page, uow.actor.session_id)


def _begin(uow: UnitOfWork, next_page: str, proves_session: uuid.UUID | None) -> BegunSignIn:
    begun = BegunSignIn(
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        next_page=next_page,
        verifier=secrets.token_urlsafe(48),
        browser=secrets.token_urlsafe(32),
        begun_at=dt.datetime.now(dt.UTC),
        proves_session=proves_session,
    )
    uow.session.execute(delete(ForeignSignIn).where(ForeignSignIn.expires_at < dt.datetime.now(dt.UTC)))
    uow.session.add(
        ForeignSignIn(
            state_hash=secret_hash(begun.state),
            browser_hash=secret_hash(begun.browser),
            nonce=begun.nonce,
            verifier=uow.keyring.seal(begun.verifier.encode(), "foreign_sign_in"),
            next_page=next_page[:2000],
            proves_session=proves_session,
            expires_at=begun.begun_at + _LASTS,
        )
    )
    uow.session.flush()
    return begun


def take_foreign_sign_in(uow: UnitOfWork, *, state: str, browser: str) -> BegunSignIn:
    """The attempt that comes back, used up by this. Raises Forbidden for one of another browser, or none."""
    row = uow.session.execute(
        delete(ForeignSignIn)
        .where(ForeignSignIn.state_hash == secret_hash(state), ForeignSignIn.browser_hash == secret_hash(browser))
        .returning(
            ForeignSignIn.nonce,
            ForeignSignIn.verifier,
            ForeignSignIn.next_page,
            ForeignSignIn.expires_at,
            ForeignSignIn.proves_session,
        )
    ).one_or_none()
    if row is None or row.expires_at < dt.datetime.now(dt.UTC):
        raise Forbidden("This sign-in did not begin here, or took too long. Begin again.")
    verifier = uow.keyring.open(row.verifier, "foreign_sign_in").decode()
    begun_at = row.expires_at - _LASTS
    return BegunSignIn(state, row.nonce, row.next_page, verifier, browser, begun_at, row.proves_session)


def prove_foreign(uow: UnitOfWork, *, vouched: Vouched, begun: BegunSignIn) -> None:
    """Notes a fresh proof for the session that asked for it. The provider has to say that the person proved it anew.

    Raises Forbidden for another session or person than the one that asked, and for a proof older than the question.
    """
    user = own_account(uow)
    known = _known(uow, vouched)
    anew = vouched.proved_at is not None and vouched.proved_at >= begun.begun_at - _CLOCKS_APART
    if uow.actor.session_id != begun.proves_session or known is None or known.id != user.id or not anew:
        raise Forbidden("Your organisation's sign-in did not confirm that it is you, now. Try again.")
    note_proof(uow, user, "+".join(("openid", *vouched.by)))


def sign_in_foreign(
    uow: UnitOfWork, *, vouched: Vouched, groups: GroupRoles, browser: Browser, lifetime: SessionLifetime
) -> SessionSecret | SignInRefused:
    """Opens the session of whoever the provider vouches for. The provider asks for second factors, not we.

    Linked by the provider's own id; the first time by a mail address that it verified. Roles that groups give are
    given and taken; others stay. What was proved counts from when the provider says that it was, and as no fresh
    proof where it does not. Refuses whoever has no account here; commit in both cases, since a refusal is audited.
    """
    user = _known(uow, vouched) or _linked_by_mail(uow, vouched) or _created(uow, vouched, groups)
    if user is None or user.deactivated_at is not None:
        audit.record(
            UnitOfWork(uow.session, Actor(ActorKind.ANONYMOUS, None, vouched.issuer), uow.clock, uow.request_id),
            action="identity.session.refused",
            subject_type="user",
            subject_id=user.id if user else "unknown",
            after={"by": "openid"},
            outcome="refused",
        )
        return SignInRefused()
    _follow_groups(uow, user, vouched, groups)
    by = "+".join(("openid", *vouched.by))
    return open_session(uow, user, browser, lifetime, by=by, proved_at=vouched.proved_at)


def _known(uow: UnitOfWork, vouched: Vouched) -> User | None:
    return uow.session.scalar(
        select(User)
        .join(ForeignAccount, ForeignAccount.user_id == User.id)
        .where(ForeignAccount.issuer == vouched.issuer, ForeignAccount.subject == vouched.subject)
    )


def _linked_by_mail(uow: UnitOfWork, vouched: Vouched) -> User | None:
    if vouched.email is None:
        return None
    user = uow.session.scalar(select(User).where(User.email == vouched.email, User.deactivated_at.is_(None)))
    return _link(uow, user, vouched) if user else None


def _created(uow: UnitOfWork, vouched: Vouched, groups: GroupRoles) -> User | None:
    if not groups.create or vouched.email is None or not vouched.groups & groups.roles.keys():
        return None
    added = insert(User).values(email=vouched.email, display_name=vouched.name, password_hash=None)
    user_id = uow.session.scalar(added.on_conflict_do_nothing(index_elements=["email"]).returning(User.id))
    if user_id is None:  # somebody deactivated has this address, or another sign-in was faster
        return None
    audit.record(uow, action="identity.user.created", subject_type="user", subject_id=user_id, after={"by": "openid"})
    return _link(uow, uow.session.get_one(User, user_id), vouched)


def _link(uow: UnitOfWork, user: User, vouched: Vouched) -> User | None:
    """None when the person is linked to another account of this provider: one address, two people."""
    added = insert(ForeignAccount).values(user_id=user.id, issuer=vouched.issuer, subject=vouched.subject)
    linked = uow.session.scalar(added.on_conflict_do_nothing().returning(ForeignAccount.id))
    if linked is None:
        return None
    audit.record(
        uow,
        action="identity.foreign_account.linked",
        subject_type="user",
        subject_id=user.id,
        after={"issuer": vouched.issuer},
    )
    return user


def _follow_groups(uow: UnitOfWork, user: User, vouched: Vouched, groups: GroupRoles) -> None:
    """Roles that a group stands for, for all entities: held by those in the group, and by nobody else."""
    known = set(uow.session.scalars(select(RoleDefinition.code).where(RoleDefinition.retired_at.is_(None))))
    ruled = {role for role in groups.roles.values() if role in known}
    wanted = {role for group, role in groups.roles.items() if group in vouched.groups and role in known}
    mine = RoleGrant.user_id == user.id
    held = set(uow.session.scalars(select(RoleGrant.role).where(mine, RoleGrant.entity_id.is_(None))))
    for role in sorted(wanted - held):
        uow.session.add(RoleGrant(user_id=user.id, role=role))
    gone = (ruled - wanted) & held
    uow.session.execute(delete(RoleGrant).where(mine, RoleGrant.entity_id.is_(None), RoleGrant.role.in_(gone)))
    uow.session.flush()
    if wanted - held or gone:
        ask_for_renewal(uow, UserSession.user_id == user.id)
        audit.record(
            uow,
            action="identity.role.followed",
            subject_type="user",
            subject_id=user.id,
            before={"taken": sorted(gone)},
            after={"given": sorted(wanted - held)},
        )
        tell_of_holders(uow, [user.id], wanted - held, given_by=vouched.issuer)
