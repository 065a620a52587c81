"""Giving people a say: whoever administers asks for it, and one of those who agree decides.

A role weighs when its holders agree, sign or administer (`identity.weighty_roles`). Giving such a role, letting
somebody with one in again, and giving a held custom role a vote or a signature need somebody else, so that no
administrator makes a second person unseen. A new console has nobody to ask: until there is somebody, and before
anybody ever voted, the change holds at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from services import identity
from services.approvals.authority import holders
from services.approvals.models import ApprovalVote
from services.approvals.queries import request_detail
from services.approvals.reading import policy_of
from services.approvals.service import consume, request
from services.approvals.views import Description, Line, RequestView
from services.approvals.vocabulary import ApprovalKind, Team, Tier
from services.core.db import UnitOfWork
from services.core.events import DomainEvent
from services.core.permissions import Permission
from services.core.words import Words
from services.identity import APPROVING, Agreed

_GIVE = Words("Give {person} the role {role}", "{person} die Rolle {role} geben")
_LET_IN = Words("Let {person} sign in again", "{person} wieder anmelden lassen")
_CHANGE = Words("Let the role {role} vote or sign", "Die Rolle {role} zustimmen oder unterschreiben lassen")
_PERSON = Words("Person", "Person")
_ROLE = Words("Role", "Rolle")
_ENTITIES = Words("Legal entities", "Gesellschaften")
_ALL = Words("all entities", "alle Gesellschaften")
_ADDRESS = Words("Address", "Adresse")
_SAYS = Words("Votes and signatures", "Stimmen und Unterschriften")
_OTHER_RIGHTS = Words("Other rights", "Weitere Rechte")
_ALL_RIGHTS = Words("All its rights", "Alle Rechte")
_NEW_RIGHTS = Words("Rights that are new", "Neue Rechte")
_HOLDERS = Words("People who hold it", "Personen mit dieser Rolle")
_GIVEN = Words(
    "From then on their votes and signatures count, within the role's rights.",
    "Ab dann zählen ihre Stimmen und Unterschriften im Rahmen der Rechte der Rolle.",
)
_TAKEN = Words("Take the role back, or deactivate the person.", "Die Rolle entziehen oder die Person deaktivieren.")
_CHANGED_BACK = Words("Change the role again.", "Die Rolle wieder ändern.")


def give_role(
    uow: UnitOfWork, *, user_id: uuid.UUID, role: str, entity_id: uuid.UUID | None = None
) -> RequestView | bool:
    """Gives a role, or asks for it where it weighs: the request, else whether anything changed (False: they hold it).

    Needs the right of administrators and a fresh proof. Raises NotFound.
    """
    _may_ask(uow)
    if identity.holds_role(uow, user_id=user_id, role=role, entity_id=entity_id):
        return False
    weighty = identity.weighty_roles(uow)
    if role not in weighty or not _needs_another(uow, [user_id]):
        return identity.grant_role(uow, user_id=user_id, role=role, entity_id=entity_id)
    content = {
        "change": "give",
        "user": str(user_id),
        "person": identity.standing_of(uow, user_id=user_id).name,
        "role": role,
        "role_name": weighty[role],
        "entity": str(entity_id) if entity_id else None,
        "entity_name": _name_of(uow, entity_id),
        "rights": identity.rights_carried(uow, code=role),
    }
    return _ask(uow, "role_grant", f"{user_id}/{role}/{entity_id or 'all'}", content)


def let_in_again(uow: UnitOfWork, *, user_id: uuid.UUID) -> RequestView | None:
    """Lets a deactivated person sign in again, or asks for it where they hold a role that weighs: the request then."""
    _may_ask(uow)
    person = identity.standing_of(uow, user_id=user_id)
    if not set(person.roles) & set(identity.weighty_roles(uow)) or not _needs_another(uow, [user_id]):
        identity.reactivate_user(uow, user_id=user_id)
        return None
    content = {"change": "let_in", "user": str(user_id), "person": person.name, "roles": list(person.roles)}
    return _ask(uow, "user", str(user_id), content)


def change_role(
    uow: UnitOfWork,
    *,
    code: str,
    version: int,
    name: str,
    permissions: Sequence[Permission],
    conditions: Mapping[str, Any] | None = None,
) -> RequestView | None:
    """Changes a custom role, or asks for it where people who hold it gain a vote or a signature: the request then.

    Raises what `identity.change_role` does.
    """
    _may_ask(uow)
    wanted = identity.checked_role(
        uow, code=code, version=version, name=name, permissions=permissions, conditions=conditions
    )
    held_by = identity.who_holds(uow, code=code)
    gained = _gained(uow, code, wanted["permissions"])
    if not gained or not held_by or not _needs_another(uow, held_by):
        identity.change_role(uow, code=code, version=version, name=name, permissions=permissions, conditions=conditions)
        return None
    content = {"change": "role", "code": code, "version": version, **wanted, "gained": gained, "holders": len(held_by)}
    return _ask(uow, "role", code, content)


def change_rights(uow: UnitOfWork, event: DomainEvent) -> None:
    """Handler of `approvals.request_approved`: the change holds from here, in the voter's transaction.

    Raises ContentChanged when the role, or the roles of the person, are not what was agreed to.
    """
    if event.data["kind"] != RIGHTS.name:
        return
    asked = request_detail(uow, request_id=uuid.UUID(event.subject_id)).request
    consume(uow, request_id=asked.id, content=_as_of_now(uow, asked.content))
    agreed = Agreed(asked.requested_by, asked.requested_by_name, asked.id)
    _CARRY_OUT[asked.content["change"]](uow, asked.content, agreed)


def _may_ask(uow: UnitOfWork) -> None:
    uow.actor.require(Permission.USER_MANAGE)
    uow.actor.require_fresh_proof(uow.clock.now())


def _needs_another(uow: UnitOfWork, about: Collection[uuid.UUID]) -> bool:
    """Whether there is anybody besides the actor and those it is about who may agree, or ever was."""
    if uow.session.scalar(select(select(ApprovalVote.request_id).exists())):
        return True
    teams = {team for tier in policy_of(uow, RIGHTS.name).tiers for team in tier.quorum}
    may_agree = {person.id for team in teams for person in holders(uow, team, None)}
    return bool(may_agree - {uow.actor.id, *about})


def _ask(uow: UnitOfWork, subject_type: str, subject_id: str, content: dict[str, Any]) -> RequestView:
    return request(
        uow, kind=RIGHTS.name, subject_type=subject_type, subject_id=subject_id, entity_id=None, content=content
    )


def _gained(uow: UnitOfWork, code: str, wanted: Collection[str]) -> list[str]:
    """Votes and signatures that a role does not carry yet."""
    return sorted({right.value for right in APPROVING} & set(wanted) - set(identity.rights_carried(uow, code=code)))


def _as_of_now(uow: UnitOfWork, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content with what stands today in it, so that its digest tells whether that has moved."""
    if content["change"] == "give":
        return {**content, "rights": identity.rights_carried(uow, code=content["role"])}
    if content["change"] == "let_in":
        return {**content, "roles": list(identity.standing_of(uow, user_id=uuid.UUID(content["user"])).roles)}
    return {**content, "holders": len(identity.who_holds(uow, code=content["code"]))}


def _give(uow: UnitOfWork, content: Mapping[str, Any], agreed: Agreed) -> None:
    entity = uuid.UUID(content["entity"]) if content["entity"] else None
    identity.grant_role(uow, user_id=uuid.UUID(content["user"]), role=content["role"], entity_id=entity, agreed=agreed)


def _let_in(uow: UnitOfWork, content: Mapping[str, Any], agreed: Agreed) -> None:
    identity.reactivate_user(uow, user_id=uuid.UUID(content["user"]), agreed=agreed)


def _change(uow: UnitOfWork, content: Mapping[str, Any], agreed: Agreed) -> None:
    identity.change_role(
        uow,
        code=content["code"],
        version=content["version"],
        name=content["name"],
        permissions=[Permission(right) for right in content["permissions"]],
        conditions=content["conditions"],
        agreed=agreed,
    )


_CARRY_OUT = {"give": _give, "let_in": _let_in, "role": _change}


def _name_of(uow: UnitOfWork, entity_id: uuid.UUID | None) -> str | None:
    return next((entity.name for entity in identity.legal_entities(uow) if entity.id == entity_id), None)


def _describe(uow: UnitOfWork, asked: RequestView) -> Description:
    """The address stands beside the name, which another may have too; it is read, so that it can be erased."""
    content = asked.content
    reads_people = uow.actor.may(Permission.USER_READ)
    if content["change"] == "role":
        return Description(
            title=_said(_CHANGE, role=content["name"]),
            lines=(
                Line(_ROLE, content["name"]),
                Line(_NEW_RIGHTS, ", ".join(content["gained"])),
                Line(_ALL_RIGHTS, ", ".join(content["permissions"])),
                Line(_HOLDERS, content["holders"]),
            ),
            consequence=_GIVEN,
            undo=_CHANGED_BACK,
            href="/access/roles" if reads_people else None,
        )
    person = identity.standing_of(uow, user_id=uuid.UUID(content["user"]))
    title = _said(_LET_IN, person=content["person"])
    if content["change"] == "give":
        title = _said(_GIVE, person=content["person"], role=content["role_name"])
    return Description(
        title=title,
        lines=(Line(_PERSON, content["person"]), Line(_ADDRESS, person.email), *_what_they_get(content)),
        consequence=_GIVEN,
        undo=_TAKEN,
        href="/access" if reads_people else None,
    )


def _what_they_get(content: Mapping[str, Any]) -> list[Line]:
    if content["change"] == "let_in":
        return [Line(_ROLE, ", ".join(content["roles"]))]
    says = [right for right in content["rights"] if right in APPROVING]
    return [
        Line(_ROLE, content["role_name"]),
        Line(_ENTITIES, content["entity_name"] or _ALL),
        *([Line(_SAYS, ", ".join(says))] if says else []),
        Line(_OTHER_RIGHTS, ", ".join(right for right in content["rights"] if right not in says)),
    ]


def _said(words: Words, **values: str) -> Words:
    return Words(words.of("en", **values), words.of("de", **values))


RIGHTS = ApprovalKind(
    name="approvals.rights",
    title=Words("Votes, signatures and administration", "Stimmen, Unterschriften und Verwaltung"),
    tiers=(Tier(quorum={Team.FINANCE: 1}, expires_hours=168),),
    describe=_describe,
)
