"""Roles: the five of the code, and custom ones that an administrator puts together from the registry of rights."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select, update

from services import audit
from services.core.actor import Condition
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Invalid, NotFound
from services.core.permissions import CONDITIONAL, Permission
from services.identity.errors import RoleTaken
from services.identity.models import RoleDefinition, RoleGrant, UserSession
from services.identity.opening import ask_for_renewal
from services.identity.policy import NEVER_CUSTOM, PERMISSIONS, Agreed, needs_factor_by_default
from services.identity.views import RoleView
from services.identity.vocabulary import Role
from services.identity.witnesses import is_weighty, tell_of_holders


def roles(uow: UnitOfWork) -> list[RoleView]:
    """Every role with its rights and how many people hold it: the code's first, then the custom ones by name."""
    uow.actor.require(Permission.USER_READ)
    held = dict(
        uow.session.execute(
            select(RoleGrant.role, func.count(RoleGrant.user_id.distinct())).group_by(RoleGrant.role)
        ).all()
    )
    rows = uow.session.scalars(
        select(RoleDefinition)
        .where(RoleDefinition.retired_at.is_(None))
        .order_by(RoleDefinition.built_in.desc(), RoleDefinition.name)
    )
    order = {role.value: place for place, role in enumerate(Role)}
    found = [_view(row, held.get(row.code, 0)) for row in rows]
    return sorted(found, key=lambda role: (order.get(role.code, len(order)), role.name.lower()))


def create_role(
    uow: UnitOfWork,
    *,
    code: str,
    name: str,
    permissions: Sequence[Permission],
    conditions: Mapping[str, Any] | None = None,
) -> None:
    """A custom role. Raises RoleTaken, and Invalid for a right no person may hold or a condition it does not know."""
    may_change_rights(uow)
    wanted = _checked(name, permissions, conditions or {})
    if uow.session.get(RoleDefinition, code) is not None:
        raise RoleTaken(f"There is a role “{code}” already; choose another short name.")
    role = RoleDefinition(code=_checked_code(code), built_in=False, second_factor=None, **wanted)
    uow.session.add(role)
    uow.session.flush()
    audit.record(uow, action="identity.role.created", subject_type="role", subject_id=code, after=wanted)


def change_role(
    uow: UnitOfWork,
    *,
    code: str,
    version: int,
    name: str,
    permissions: Sequence[Permission],
    conditions: Mapping[str, Any] | None = None,
    agreed: Agreed | None = None,
) -> None:
    """Replaces a custom role's name and rights; whoever holds it gets a new session id.

    Where its holders agree or sign from now on and did not before, all others who do hear of it by mail. What people of
    the console ask for goes through `approvals.change_role`, which comes back with `agreed`.

    Raises Conflict for one of the code's roles and when somebody else changed it since `version`.
    """
    may_change_rights(uow, agreed)
    role = _custom(uow, code)
    wanted = checked_role(uow, code=code, version=version, name=name, permissions=permissions, conditions=conditions)
    before, was_weighty = {key: getattr(role, key) for key in wanted}, is_weighty(role)
    for key, value in wanted.items():
        setattr(role, key, value)
    role.version += 1
    uow.session.flush()
    ask_for_renewal(uow, UserSession.user_id.in_(select(RoleGrant.user_id).where(RoleGrant.role == code)))
    audit.record(
        uow,
        action="identity.role.changed",
        subject_type="role",
        subject_id=code,
        before=before,
        after={**wanted, **told_of(agreed)},
    )
    if is_weighty(role) and not was_weighty:
        given_by = agreed.asked_by_name if agreed else uow.actor.name
        tell_of_holders(uow, who_holds(uow, code=code), {code}, given_by=given_by)


def checked_role(
    uow: UnitOfWork,
    *,
    code: str,
    version: int,
    name: str,
    permissions: Sequence[Permission],
    conditions: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a custom role would become: its name, rights and conditions as they are kept. Raises what `change_role`
    does."""
    if _custom(uow, code).version != version:
        raise Conflict("Somebody else changed this role meanwhile. Look at it again, then save.")
    return _checked(name, permissions, conditions or {})


def rights_carried(uow: UnitOfWork, *, code: str) -> list[str]:
    """The rights of a role, by name. Asks for no right. Raises NotFound."""
    return sorted(right.value for right in rights_of(existing_role(uow, code)))


def who_holds(uow: UnitOfWork, *, code: str) -> Sequence[uuid.UUID]:
    """Everybody who holds a role, for any entity."""
    return uow.session.scalars(select(RoleGrant.user_id).where(RoleGrant.role == code).distinct()).all()


def retire_role(uow: UnitOfWork, *, code: str) -> None:
    """Takes a custom role away that nobody holds. Raises Conflict while somebody does."""
    may_change_rights(uow)
    role = _custom(uow, code)
    holders = uow.session.scalar(select(func.count(RoleGrant.user_id.distinct())).where(RoleGrant.role == code))
    if holders:
        raise Conflict(f"{holders} people hold this role. Take it from them first.")
    role.retired_at = uow.session.execute(select(func.now())).scalar_one()
    uow.session.flush()
    audit.record(uow, action="identity.role.retired", subject_type="role", subject_id=code)


def require_factor(uow: UnitOfWork, *, code: str, required: bool | None) -> None:
    """Whether holders of a role need a second factor; None leaves it to the default (Admin, and whoever approves)."""
    may_change_rights(uow)
    role = uow.session.get(RoleDefinition, code)
    if role is None:
        raise NotFound("There is no such role.")
    before = role.second_factor
    uow.session.execute(update(RoleDefinition).where(RoleDefinition.code == code).values(second_factor=required))
    audit.record(
        uow,
        action="identity.factor_policy.changed",
        subject_type="role",
        subject_id=code,
        before={"required": before},
        after={"required": required},
    )


def existing_role(uow: UnitOfWork, code: str) -> RoleDefinition:
    """A role that can be given. Raises NotFound."""
    role = uow.session.get(RoleDefinition, code)
    if role is None or role.retired_at is not None:
        raise NotFound(f"There is no role “{code}”.")
    return role


def holders_of(uow: UnitOfWork, permission: Permission) -> list[str]:
    """Codes of the roles that carry a right."""
    custom = uow.session.scalars(
        select(RoleDefinition.code).where(RoleDefinition.permissions.contains([permission.value]))
    )
    return [role.value for role, held in PERMISSIONS.items() if permission in held] + list(custom)


def rights_of(role: RoleDefinition) -> frozenset[Permission]:
    """What a role carries today; a stored right that the code no longer knows counts for nothing."""
    if role.built_in:
        return PERMISSIONS[Role(role.code)]
    known = {p.value: p for p in Permission}
    return frozenset(known[right] for right in role.permissions if right in known)


def may_change_rights(uow: UnitOfWork, agreed: Agreed | None = None) -> None:
    """The right of administrators with a fresh proof, unless an approval was used up that such a one had asked for."""
    if agreed is None:
        uow.actor.require(Permission.USER_MANAGE)
        uow.actor.require_fresh_proof(uow.clock.now())


def told_of(agreed: Agreed | None) -> dict[str, str]:
    """What the audit log says of who asked, where the actor is whoever agreed."""
    return {"asked_by": agreed.asked_by_name, "request": str(agreed.request)} if agreed else {}


def _custom(uow: UnitOfWork, code: str) -> RoleDefinition:
    role = existing_role(uow, code)
    if role.built_in:
        raise Conflict("The rights of this role come with the console. Make a custom role instead.")
    return role


def _checked_code(code: str) -> str:
    if not code.isascii() or not 2 <= len(code) <= 40 or not code.replace("-", "a").replace("_", "a").isalnum():
        raise Invalid("A role's short name takes 2 to 40 small letters, digits and hyphens.")
    if code != code.lower() or not code[0].isalpha():
        raise Invalid("A role's short name takes 2 to 40 small letters, digits and hyphens.")
    return code


def _checked(name: str, permissions: Iterable[Permission], conditions: Mapping[str, Any]) -> dict[str, Any]:
    chosen = {Permission(p) for p in permissions} | {Permission.SELF, Permission.OVERVIEW_READ}
    if not name.strip() or len(name) > 60:
        raise Invalid("A role needs a name of up to 60 characters.")
    if chosen & NEVER_CUSTOM:
        raise Invalid("A custom role cannot hold what only workers or administrators do.")
    for right, condition in conditions.items():
        if right not in CONDITIONAL or right not in {p.value for p in chosen}:
            raise Invalid(f"“{right}” cannot be narrowed; its actions do not ask whose record it is.")
        Condition.read(condition)
    return {
        "name": name.strip(),
        "permissions": sorted(p.value for p in chosen),
        "conditions": {key: dict(value) for key, value in conditions.items()},
    }


def _view(row: RoleDefinition, holders: int) -> RoleView:
    return RoleView(
        row.code,
        row.name,
        row.built_in,
        frozenset(p.value for p in rights_of(row)),
        dict(row.conditions),
        row.second_factor,
        needs_factor_by_default(row.code, row.permissions),
        holders,
        row.version,
    )
