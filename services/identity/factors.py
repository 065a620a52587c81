"""Second factors: which a person has, who needs one, and the codes for when all are lost."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from collections.abc import Sequence

from sqlalchemy import delete, func, select, update

from services import audit
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Forbidden, NotFound
from services.core.permissions import Permission
from services.identity import letters
from services.identity.models import RoleDefinition, RoleGrant, User, UserSession
from services.identity.models_proof import Passkey, RecoveryCode, TotpFactor
from services.identity.opening import ask_for_renewal
from services.identity.policy import needs_factor_by_default
from services.identity.views import FactorView
from services.identity.vocabulary import SessionStage

_CODES = 10
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def stage_after_password(uow: UnitOfWork, user: User, *, require_factors: bool) -> SessionStage:
    """What somebody still owes after the right password."""
    if has_factor(uow, user.id):
        return SessionStage.FACTOR
    needed = factor_required(uow, user.id, by_default=require_factors)
    return SessionStage.ENROLMENT if needed else SessionStage.OPEN


def has_factor(uow: UnitOfWork, user_id: uuid.UUID) -> bool:
    return bool(factor_counts(uow, [user_id]).get(user_id))


def factor_counts(uow: UnitOfWork, user_ids: Sequence[uuid.UUID] | None = None) -> dict[uuid.UUID, int]:
    """Confirmed factors by person; those without any are left out."""
    counts: dict[uuid.UUID, int] = {}
    for table, confirmed in ((TotpFactor, TotpFactor.confirmed_at.is_not(None)), (Passkey, Passkey.id.is_not(None))):
        whose = [] if user_ids is None else [table.user_id.in_(user_ids)]
        rows = uow.session.execute(select(table.user_id, func.count()).where(confirmed, *whose).group_by(table.user_id))
        for user_id, count in rows:
            counts[user_id] = counts.get(user_id, 0) + count
    return counts


def factor_required(uow: UnitOfWork, user_id: uuid.UUID, *, by_default: bool) -> bool:
    """Whether a role of the person asks for a second factor: as an administrator decided, else by default
    for Admin and whoever may approve."""
    held = uow.session.scalars(
        select(RoleDefinition)
        .join(RoleGrant, RoleGrant.role == RoleDefinition.code)
        .where(RoleGrant.user_id == user_id)
    )
    return any(
        role.second_factor
        if role.second_factor is not None
        else by_default and needs_factor_by_default(role.code, role.permissions)
        for role in held
    )


def factors_of(uow: UnitOfWork, user_id: uuid.UUID) -> tuple[FactorView, ...]:
    apps = uow.session.scalars(
        select(TotpFactor).where(TotpFactor.user_id == user_id, TotpFactor.confirmed_at.is_not(None))
    )
    keys = uow.session.scalars(select(Passkey).where(Passkey.user_id == user_id))
    found = [FactorView(row.id, "totp", row.label, row.created_at, row.last_used_at) for row in apps]
    found += [FactorView(row.id, "passkey", row.label, row.created_at, row.last_used_at) for row in keys]
    return tuple(sorted(found, key=lambda item: item.created_at))


def remove_factor(uow: UnitOfWork, *, factor_id: uuid.UUID, require_factors: bool = False) -> None:
    """Takes one of one's own factors away. Raises Conflict for the last one where a role asks for it."""
    user = own_account(uow)
    uow.actor.require_fresh_proof(uow.clock.now())
    held = factors_of(uow, user.id)
    factor = next((item for item in held if item.id == factor_id), None)
    if factor is None:
        raise NotFound("You have no such factor.")
    if len(held) == 1 and factor_required(uow, user.id, by_default=require_factors):
        raise Conflict("Your role needs a second factor. Add another one first.")
    table = TotpFactor if factor.kind == "totp" else Passkey
    uow.session.execute(delete(table).where(table.id == factor_id))
    record_factor(uow, user, "removed", factor.kind, factor.label)


def reset_factors(uow: UnitOfWork, *, user_id: uuid.UUID) -> None:
    """For somebody who lost everything: an administrator takes all factors away; the next sign-in enrols anew."""
    uow.actor.require(Permission.USER_MANAGE)
    uow.actor.require_fresh_proof(uow.clock.now())
    if uow.actor.id == user_id:
        raise Forbidden("Somebody else has to do this for you.")
    user = uow.session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such person.")
    for table in (TotpFactor, Passkey, RecoveryCode):
        uow.session.execute(delete(table).where(table.user_id == user_id))
    record_factor(uow, user, "reset", "all", "")


def new_recovery_codes(uow: UnitOfWork) -> list[str]:
    """Ten new codes, shown this once; the old ones stop working. 150 random bits each, so a plain hash will do."""
    user = own_account(uow)
    uow.actor.require_fresh_proof(uow.clock.now())
    return issue_recovery_codes(uow, user)


def issue_recovery_codes(uow: UnitOfWork, user: User) -> list[str]:
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(30)) for _ in range(_CODES)]
    uow.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    uow.session.add_all(RecoveryCode(user_id=user.id, code_hash=_code_hash(code)) for code in codes)
    uow.session.flush()
    audit.record(uow, action="identity.recovery_codes.issued", subject_type="user", subject_id=user.id)
    return ["-".join(code[i : i + 5] for i in range(0, 30, 5)) for code in codes]


def use_recovery_code(uow: UnitOfWork, user: User, typed: str) -> bool:
    """Whether it is one of the person's codes; it is used up by this, and the person is told by mail."""
    code = typed.replace("-", "").replace(" ", "").lower()
    used = uow.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user.id, RecoveryCode.code_hash == _code_hash(code), RecoveryCode.used_at.is_(None)
        )
        .values(used_at=func.clock_timestamp())
        .returning(RecoveryCode.id)
    ).first()
    if used is not None:
        letters.send_notice(uow, user, "recovery_code_used")
    return used is not None


def recovery_codes_left(uow: UnitOfWork, user_id: uuid.UUID) -> int:
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return uow.session.scalar(left) or 0


def own_account(uow: UnitOfWork) -> User:
    """The person who acts. Raises Forbidden for the system, a key, and while impersonating."""
    uow.actor.require(Permission.SELF)
    alone = uow.actor.kind is ActorKind.USER and uow.actor.impersonating is None
    user = uow.session.get(User, uow.actor.id) if alone and uow.actor.session_id else None
    if user is None:
        raise Forbidden("Only the person can do this, signed in by themselves.", permission=str(Permission.SELF))
    return user


def record_factor(uow: UnitOfWork, user: User, verb: str, kind: str, label: str) -> None:
    """In the log, by mail, and the person's other sessions get new ids."""
    audit.record(
        uow,
        action=f"identity.factor.{verb}",
        subject_type="user",
        subject_id=user.id,
        after={"kind": kind, "label": label},
    )
    letters.send_notice(uow, user, f"factor_{verb}")
    _renew_others(uow, uow.actor, user)


def _renew_others(uow: UnitOfWork, actor: Actor, user: User) -> None:
    ask_for_renewal(uow, UserSession.user_id == user.id, UserSession.id != (actor.session_id or uuid.UUID(int=0)))


def _code_hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
