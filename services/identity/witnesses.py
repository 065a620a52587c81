"""Word to everybody whose word counts, when somebody else's begins to: nobody makes a second person unseen."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from sqlalchemy import ColumnElement, select

from services.core.db import UnitOfWork
from services.identity import letters
from services.identity.models import RoleDefinition, RoleGrant, User
from services.identity.policy import needs_factor_by_default


def tell_of_holders(uow: UnitOfWork, people: Collection[uuid.UUID], codes: Collection[str], *, given_by: str) -> None:
    """Writes to all others who agree, sign or give rights out that these people do so from now on.

    `codes` are the roles they have just got; of roles without such a right nothing is said. `given_by` names the person
    or the provider behind it; the actor and the people themselves know and are not written to.
    """
    weighty = weighty_roles(uow)
    names = [name for code, name in sorted(weighty.items()) if code in codes]
    known = _active(uow, User.id.in_(people))
    if not names or not known:
        return
    facts = {"by": given_by, "people": ", ".join(user.display_name for user in known), "role": ", ".join(names)}
    held = select(RoleGrant.user_id).where(RoleGrant.role.in_(weighty))
    for witness in _active(uow, User.id.in_(held)):
        if witness.id not in {uow.actor.id, *people}:
            letters.send_witness(uow, witness, facts)


def weighty_roles(uow: UnitOfWork) -> dict[str, str]:
    """Names by code of the roles whose holders agree, sign, or give rights out. Asks for no right."""
    return {role.code: role.name for role in uow.session.scalars(select(RoleDefinition)) if is_weighty(role)}


def is_weighty(role: RoleDefinition) -> bool:
    """Whether its holders agree, sign, or give rights out: the same roles that need a second factor by default."""
    return needs_factor_by_default(role.code, role.permissions)


def _active(uow: UnitOfWork, which: ColumnElement[bool]) -> list[User]:
    return list(uow.session.scalars(select(User).where(which, User.deactivated_at.is_(None)).order_by(User.email)))
