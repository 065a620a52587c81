"""Somebody's own account: what they see of it, and their own password."""

from __future__ import annotations

from services import audit
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.identity import letters
from services.identity.factors import factor_required, factors_of, own_account, recovery_codes_left
from services.identity.models import User
from services.identity.passwords import VettedPassword, replace_password
from services.identity.proof import prove_by_password
from services.identity.sessions import end_sessions, open_sessions
from services.identity.views import MyAccount, SignInRefused


def my_account(uow: UnitOfWork, *, require_factors: bool = False) -> MyAccount:
    """One's own ways in and sessions; `require_factors` is what roles ask for when nobody decided otherwise."""
    uow.actor.require(Permission.SELF)
    user = uow.session.get_one(User, uow.actor.id)
    return MyAccount(
        user.email,
        user.display_name,
        user.password_hash is not None,
        user.password_changed_at,
        factors_of(uow, user.id),
        recovery_codes_left(uow, user.id),
        factor_required(uow, user.id, by_default=require_factors),
        tuple(open_sessions(uow, user_id=user.id)),
    )


def change_password(uow: UnitOfWork, *, password: VettedPassword, present: str = "") -> SignInRefused | None:
    """Replaces one's own password and ends one's other sessions. Needs a fresh proof, and the present password of
    whoever has one; commit in both cases, since a wrong one counts. Raises WeakPassword.
    """
    user = own_account(uow)
    uow.actor.require_fresh_proof(uow.clock.now())
    if user.password_hash is not None and (refused := prove_by_password(uow, password=present)):
        return refused
    replace_password(uow, user, password.value)
    ended = end_sessions(uow, user_id=user.id, but_mine=True)
    audit.record(
        uow,
        action="identity.password.changed",
        subject_type="user",
        subject_id=user.id,
        after={"sessions_ended": ended},
    )
    letters.send_notice(uow, user, "password_changed")
    return None
