"""People: who there is, and the one a dialog is about."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.pages.access.rows import grant_row, user_row
from services import approvals, identity
from services.approvals import RequestView
from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.identity import LegalEntityView, RoleView, UserView

_NOBODY = {"id": "", "name": "", "email": "", "sessions": ""}


def _people(uow: UnitOfWork) -> tuple[list[UserView], list[LegalEntityView], list[RoleView]]:
    return identity.users(uow), identity.legal_entities(uow, permission=Permission.USER_READ), identity.roles(uow)


def _add(uow: UnitOfWork, *, email: str, name: str, role: str, entity: str) -> RequestView | bool:
    """Invites somebody with a role; the request where somebody else has to agree to it first."""
    entity_id = identity.entity_by_code(uow, code=entity).id if entity else None
    user_id = identity.create_user(uow, email=email, display_name=name, password=None)
    identity.invite(uow, user_id=user_id)
    return approvals.give_role(uow, user_id=user_id, role=role, entity_id=entity_id)


class Access(PageState, rx.State):
    """Everybody, and at most one open dialog: `asking` is "", add, roles, password, factors, impersonate
    or deactivate."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    roles: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    count: str = ""
    asking: str = ""
    person: rx.Field[dict[str, str]] = rx.field(default_factory=lambda: dict(_NOBODY))
    grants: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.USER_READ)
    async def load(self) -> None:
        """Begins without a dialog, also for who comes back from a refusal or from proving that it is them."""
        if await self._arrived_anew():
            self.asking = ""
        await self._load()

    @event(Permission.USER_MANAGE)
    async def ask(self, what: str, user_id: str = "") -> None:
        """Opens a dialog, about one person unless it adds one."""
        self.person = next((row for row in self.rows if row["id"] == user_id), dict(_NOBODY))
        if what == "roles":
            await self._load()
        await self._arrived_anew()
        self.asking = str(what)[:20]

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        if not open_:
            self.asking = ""

    @event(Permission.USER_MANAGE)
    async def add(self, form: dict[str, Any]) -> Any:
        email = str(form.get("email", ""))
        given = await backend.call(
            self,
            _add,
            email=email,
            name=form.get("name", ""),
            role=form.get("role", ""),
            entity=form.get("entity", ""),
        )
        self.asking = ""
        await self._load()
        email = email.strip().lower()
        if isinstance(given, RequestView):
            yield await self._said("access.said_added_asked", email=email, number=str(given.number))
        else:
            yield await self._said("access.said_added", email=email)

    @event(Permission.USER_MANAGE)
    async def invite(self, user_id: str) -> Any:
        await backend.call(self, identity.invite, user_id=user_id)
        yield await self._said("access.said_invited")

    @event(Permission.USER_MANAGE)
    async def reset_factors(self) -> Any:
        await backend.call(self, identity.reset_factors, user_id=self.person["id"])
        self.asking = ""
        await self._load()
        yield await self._said("access.said_factors_reset", name=self.person["name"])

    @event(Permission.USER_MANAGE)
    async def give(self, form: dict[str, Any]) -> Any:
        entity = next((item["id"] for item in self.entities if item["value"] == form.get("entity")), None)
        given = await backend.call(
            self, approvals.give_role, user_id=self.person["id"], role=form.get("role", ""), entity_id=entity
        )
        await self._load()
        if isinstance(given, RequestView):
            yield await self._said("access.said_give_asked", name=self.person["name"], number=str(given.number))
        else:
            yield await self._said("access.said_given" if given else "access.said_held", name=self.person["name"])

    @event(Permission.USER_MANAGE)
    async def take(self, role: str, entity: str) -> Any:
        await backend.call(self, identity.revoke_role, user_id=self.person["id"], role=role, entity_id=entity or None)
        await self._load()
        yield await self._said("access.said_taken")

    @event(Permission.USER_MANAGE)
    async def renew_password(self) -> Any:
        await backend.call(self, identity.retract_password, user_id=self.person["id"])
        self.asking = ""
        await self._load()
        yield await self._said("access.said_retracted", email=self.person["email"])

    @event(Permission.USER_MANAGE)
    async def deactivate(self) -> Any:
        await backend.call(self, identity.deactivate_user, user_id=self.person["id"])
        self.asking = ""
        await self._load()
        yield await self._said("access.said_deactivated", name=self.person["name"])

    @event(Permission.USER_MANAGE)
    async def activate(self, user_id: str, name: str) -> Any:
        asked = await backend.call(self, approvals.let_in_again, user_id=user_id)
        await self._load()
        if asked is None:
            yield await self._said("access.said_activated", name=name)
        else:
            yield await self._said("access.said_activate_asked", name=name, number=str(asked.number))

    async def _load(self) -> None:
        people, entities, roles = await backend.load(self, _people)
        reader = await self._reader()
        names = {entity.id: entity.name for entity in entities}
        self.rows = [user_row(person, names, reader) for person in people]
        self.entities = [{"value": e.code, "label": e.name, "id": str(e.id)} for e in entities]
        self.roles = [
            {"value": r.code, "label": reader.text(f"access.role_{r.code}") if r.built_in else r.name} for r in roles
        ]
        self.count = reader.number(len(people))
        held = [grant for person in people if str(person.id) == self.person["id"] for grant in person.grants]
        self.grants = [grant_row(grant, names, reader) for grant in held]
        self._done()

    async def _said(self, key: str, **values: str) -> Any:
        reader = await self._reader()
        return Notices.show("ok", reader.text(key, **values), "")
