"""People and what they may do: created, given and denied roles, deactivated."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services import audit
from services.core.actor import ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.core.locks import take_turn
from services.core.permissions import Permission
from services.identity.errors import EmailTaken, LastAdmin
from services.identity.models import LegalEntity, RoleGrant, User, UserSession
from services.identity.opening import ask_for_renewal
from services.identity.passwords import check_strength, hash_password, replace_password
from services.identity.policy import Agreed, Grant
from services.identity.roles import existing_role, may_change_rights, told_of
from services.identity.sessions import revoke_all
from services.identity.views import StandingView
from services.identity.vocabulary import Locale, Role
from services.identity.witnesses import tell_of_holders

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*")
_LAST_ADMIN = "identity/last-admin"


def create_user(
    uow: UnitOfWork,
    *,
    email: str,
    display_name: str,
    password: str | None,
    grants: Sequence[Grant] = (),
    locale: Locale = Locale.ENGLISH,
) -> uuid.UUID:
    """Adds a person with roles, and a password unless they are to be invited.

    Raises Invalid for an address that is none, WeakPassword, EmailTaken, NotFound for an unknown entity.
    """
    uow.actor.require(Permission.USER_MANAGE)
    address, name = email.strip().lower(), display_name.strip()
    if not _EMAIL.fullmatch(address) or len(address) > 254:
        raise Invalid(f"“{email}” is not an e-mail address.")
    if not name or len(name) > 100:
        raise Invalid("A person needs a name of up to 100 characters.")
    if password is not None:
        check_strength(password, address, name)
    hashed = None if password is None else hash_password(password)
    added = insert(User).values(email=address, display_name=name, password_hash=hashed, locale=locale.value)
    user_id = uow.session.scalar(added.on_conflict_do_nothing(index_elements=["email"]).returning(User.id))
    if user_id is None:
        raise EmailTaken(f"{address} already belongs to somebody; choose another address.")
    audit.record(
        uow,
        action="identity.user.created",
        subject_type="user",
        subject_id=user_id,
        after={"email": address, "display_name": name},
    )
    for grant in grants:
        grant_role(uow, user_id=user_id, role=grant.role, entity_id=grant.entity_id)
    return user_id


def grant_role(
    uow: UnitOfWork,
    *,
    user_id: uuid.UUID,
    role: Role | str,
    entity_id: uuid.UUID | None = None,
    agreed: Agreed | None = None,
) -> bool:
    """Gives a role for one entity or for all (None). Returns False for one that the person holds: nothing changes.

    Where its holders agree or sign, all others who do hear of it by mail. What people of the console ask for goes
    through `approvals.give_role`, which comes back with `agreed`: the actor is whoever agreed, and needs no right.
    """
    may_change_rights(uow, agreed)
    if holds_role(uow, user_id=user_id, role=role, entity_id=entity_id):
        return False
    given_by = agreed.asked_by if agreed else uow.actor.id
    added = insert(RoleGrant).values(user_id=user_id, role=str(role), entity_id=entity_id, granted_by=given_by)
    if uow.session.scalar(added.on_conflict_do_nothing().returning(RoleGrant.id)) is None:
        return False
    ask_for_renewal(uow, UserSession.user_id == user_id)
    audit.record(
        uow,
        action="identity.role.granted",
        subject_type="user",
        subject_id=user_id,
        entity_id=entity_id,
        after={"role": str(role), "entities": "all" if entity_id is None else str(entity_id), **told_of(agreed)},
    )
    _tell(uow, user_id, {str(role)}, agreed)
    return True


def holds_role(uow: UnitOfWork, *, user_id: uuid.UUID, role: Role | str, entity_id: uuid.UUID | None) -> bool:
    """Whether the person holds the role for this entity, or for all (None). Raises NotFound for what there is not."""
    _existing(uow, user_id)
    existing_role(uow, str(role))
    if entity_id is not None and uow.session.get(LegalEntity, entity_id) is None:
        raise NotFound("There is no such legal entity.")
    held = select(RoleGrant.id).where(
        RoleGrant.user_id == user_id,
        RoleGrant.role == str(role),
        RoleGrant.entity_id.is_not_distinct_from(entity_id),
    )
    return uow.session.scalar(select(held.exists())) or False


def revoke_role(uow: UnitOfWork, *, user_id: uuid.UUID, role: Role | str, entity_id: uuid.UUID | None = None) -> None:
    """Takes a role back, effective with the person's next request. Raises LastAdmin rather than lock everybody out."""
    uow.actor.require(Permission.USER_MANAGE)
    uow.actor.require_fresh_proof(uow.clock.now())
    _existing(uow, user_id)
    if not take_role(uow, user_id=user_id, role=role, entity_id=entity_id):
        raise NotFound("The person does not hold this role.")


def take_role(uow: UnitOfWork, *, user_id: uuid.UUID, role: Role | str, entity_id: uuid.UUID | None) -> bool:
    """Takes the grant away for a caller that has checked the right; whether there was one. Raises LastAdmin."""
    take_turn(uow.session, _LAST_ADMIN)
    taken = uow.session.scalar(
        delete(RoleGrant)
        .where(
            RoleGrant.user_id == user_id,
            RoleGrant.role == str(role),
            RoleGrant.entity_id.is_not_distinct_from(entity_id),
        )
        .returning(RoleGrant.id)
    )
    if taken is None:
        return False
    if role == Role.ADMIN:
        _require_an_admin(uow)
    ask_for_renewal(uow, UserSession.user_id == user_id)
    audit.record(
        uow,
        action="identity.role.revoked",
        subject_type="user",
        subject_id=user_id,
        entity_id=entity_id,
        before={"role": str(role), "entities": "all" if entity_id is None else str(entity_id)},
    )
    return True


def standing_of(uow: UnitOfWork, *, user_id: uuid.UUID) -> StandingView:
    """Who a person is and which roles they hold, active or not. Asks for no right. Raises NotFound."""
    user = _existing(uow, user_id)
    held = select(RoleGrant.role).where(RoleGrant.user_id == user_id).distinct().order_by(RoleGrant.role)
    return StandingView(user.display_name, user.email, tuple(uow.session.scalars(held)))


def deactivate_user(uow: UnitOfWork, *, user_id: uuid.UUID) -> None:
    """Ends every session at once and lets the person sign in no more. Raises LastAdmin for the last administrator."""
    uow.actor.require(Permission.USER_MANAGE)
    user = _existing(uow, user_id)
    if user.deactivated_at is not None:
        return
    take_turn(uow.session, _LAST_ADMIN)
    user.deactivated_at = uow.session.execute(select(func.now())).scalar_one()
    uow.session.flush()
    if _is_admin(uow, user_id):
        _require_an_admin(uow)
    ended = revoke_all(uow, user_id)
    audit.record(
        uow,
        action="identity.user.deactivated",
        subject_type="user",
        subject_id=user_id,
        before={"active": True},
        after={"active": False, "sessions_ended": ended},
    )


def reactivate_user(uow: UnitOfWork, *, user_id: uuid.UUID, agreed: Agreed | None = None) -> None:
    """Lets the person sign in again, with the roles they held. Needs a fresh proof, or that somebody else `agreed`."""
    may_change_rights(uow, agreed)
    user = _existing(uow, user_id)
    if user.deactivated_at is None:
        return
    user.deactivated_at = None
    uow.session.flush()
    audit.record(
        uow,
        action="identity.user.reactivated",
        subject_type="user",
        subject_id=user_id,
        before={"active": False},
        after={"active": True, **told_of(agreed)},
    )
    held = set(uow.session.scalars(select(RoleGrant.role).where(RoleGrant.user_id == user_id)))
    _tell(uow, user_id, held, agreed)


def set_password(uow: UnitOfWork, *, user_id: uuid.UUID, password: str) -> None:
    """Replaces a person's password and ends their sessions. Needs a fresh proof. Raises WeakPassword.

    For the command line, where somebody has to come in first; whoever does it knows the password, so no page does.
    """
    uow.actor.require(Permission.USER_MANAGE)
    uow.actor.require_fresh_proof(uow.clock.now())
    user = _existing(uow, user_id)
    replace_password(uow, user, password)
    audit.record(
        uow,
        action="identity.password.changed",
        subject_type="user",
        subject_id=user_id,
        after={"sessions_ended": revoke_all(uow, user_id)},
    )


def _tell(uow: UnitOfWork, user_id: uuid.UUID, roles: Collection[str], agreed: Agreed | None) -> None:
    """The command line and the sandbox's first filling have nobody to tell."""
    if uow.actor.kind is ActorKind.USER:
        tell_of_holders(uow, [user_id], roles, given_by=agreed.asked_by_name if agreed else uow.actor.name)


def _existing(uow: UnitOfWork, user_id: uuid.UUID) -> User:
    user = uow.session.get(User, user_id, populate_existing=True)
    if user is None:
        raise NotFound("There is no such person.")
    return user


def _is_admin(uow: UnitOfWork, user_id: uuid.UUID) -> bool:
    held = select(RoleGrant.id).where(RoleGrant.user_id == user_id, RoleGrant.role == Role.ADMIN)
    return uow.session.scalar(select(held.exists())) or False


def _require_an_admin(uow: UnitOfWork) -> None:
    admins = uow.session.scalar(
        select(func.count())
        .select_from(RoleGrant)
        .join(User, User.id == RoleGrant.user_id)
        .where(RoleGrant.role == Role.ADMIN, RoleGrant.entity_id.is_(None), User.deactivated_at.is_(None))
    )
    if not admins:
        raise LastAdmin("This is the last administrator. Make somebody else administrator first.")
