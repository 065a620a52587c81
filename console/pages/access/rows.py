"""People as the reader reads them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from console.design.format import Reader
from console.kit.shell_state import initials_of
from console.kit.trail import trail_href
from services.identity import Grant, Role, UserView

Names = Mapping[uuid.UUID, str]


def user_row(user: UserView, entities: Names, reader: Reader) -> dict[str, str]:
    return {
        "id": str(user.id),
        "trail": trail_href("user", str(user.id)),
        "name": user.display_name,
        "initials": initials_of(user.display_name),
        "team": str(user.grants[0].role) if user.grants else "",
        "email": user.email,
        "roles": _held(user.grants, entities, reader) or reader.text("access.no_roles"),
        "last_sign_in": reader.moment(user.last_sign_in_at) if user.last_sign_in_at else reader.text("access.never"),
        "sessions": reader.number(user.open_sessions),
        "state": "active" if user.active else "inactive",
        "invited": "yes" if user.invited else "",
        "admin": "yes" if any(grant.role == Role.ADMIN for grant in user.grants) else "",
        "factors": reader.number(user.factors) if user.factors else "",
    }


def grant_row(grant: Grant, entities: Names, reader: Reader) -> dict[str, str]:
    return {
        "label": grant_label(grant, entities, reader),
        "role": str(grant.role),
        "entity": str(grant.entity_id) if grant.entity_id else "",
    }


def _held(grants: Sequence[Grant], entities: Names, reader: Reader) -> str:
    """What a person holds, the roles of the same entities together: `Dev, Finance: Musterhandel GmbH`."""
    where: dict[str, list[uuid.UUID | None]] = {}
    for grant in grants:
        where.setdefault(_role(grant, reader), []).append(grant.entity_id)
    roles: dict[str, list[str]] = {}
    for role, ids in where.items():
        names = [entities.get(entity_id, "?") if entity_id else reader.text("access.all_entities") for entity_id in ids]
        roles.setdefault(", ".join(sorted(names)), []).append(role)
    return "; ".join(f"{', '.join(held)}: {place}" for place, held in roles.items())


def grant_label(grant: Grant, entities: Names, reader: Reader) -> str:
    role = _role(grant, reader)
    if grant.entity_id is None:
        return reader.text("access.every_entity", role=role)
    return reader.text("access.one_entity", role=role, entity=entities.get(grant.entity_id, "?"))


def _role(grant: Grant, reader: Reader) -> str:
    return reader.text(f"access.role_{grant.role}") if isinstance(grant.role, Role) else grant.role
