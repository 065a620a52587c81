"""Roles: what each may do, who needs a second factor, and the custom ones."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.design.format import Reader
from console.kit import application, backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.pages.access import limits
from services import approvals, identity
from services.core.errors import Invalid
from services.core.permissions import CONDITIONAL, Permission
from services.identity import NEVER_CUSTOM, RoleView

_NEW: dict[str, str] = {"code": "", "name": "", "version": "0"}
_WIDE = {"only": "", "limit": "", "currency": ""}
_ALWAYS = {Permission.SELF.value, Permission.OVERVIEW_READ.value}
_CHOICES = sorted(p.value for p in Permission if p not in NEVER_CUSTOM and p.value not in _ALWAYS)


class Roles(PageState, rx.State):
    """The matrix of rights by role; `editing` is the custom role a dialog is about."""

    roles: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    matrix: rx.Field[list[dict[str, Any]]] = rx.field(default_factory=list)
    asking: bool = False
    editing: rx.Field[dict[str, str]] = rx.field(default_factory=lambda: dict(_NEW))
    choices: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    narrowed: rx.Field[dict[str, str]] = rx.field(default_factory=lambda: dict(_WIDE))
    currencies: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.USER_READ)
    async def load(self) -> None:
        """Begins without a dialog, also for who comes back from proving it is them at the provider."""
        if await self._arrived_anew():
            self.asking = False
        await self._load()

    @event(Permission.USER_MANAGE)
    async def ask(self, code: str) -> None:
        """Opens the editor, for a new role when `code` is empty."""
        found = {role.code: role for role in await backend.call(self, identity.roles)}
        role = found.get(str(code))
        held = role.permissions if role else frozenset()
        self.editing = {"code": role.code, "name": role.name, "version": str(role.version)} if role else dict(_NEW)
        self.choices = [{"right": right, "held": "yes" if right in held else ""} for right in _CHOICES]
        condition = next(iter(role.conditions.values()), {}) if role else {}
        self.narrowed = limits.fields_of(condition, backend.locale())
        entities = await backend.call(self, identity.legal_entities)
        codes = sorted({entity.currency for entity in entities} | set(filter(None, [self.narrowed["currency"]])))
        self.currencies = [{"value": code, "label": code} for code in codes]
        await self._arrived_anew()
        self.asking = True

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = bool(open_)

    @event(Permission.USER_MANAGE)
    async def save(self, form: dict[str, Any]) -> Any:
        rights = [right for right in _CHOICES if form.get(f"right:{right}")]
        condition = limits.condition_of(form, backend.locale())
        conditions = {right: condition for right in rights if condition and right in CONDITIONAL}
        asked = None
        values = {"name": form.get("name", ""), "permissions": rights, "conditions": conditions}
        if self.editing["version"] == "0":
            await backend.call(self, identity.create_role, code=str(form.get("code", "")).strip(), **values)
        else:
            version = self.editing["version"]
            asked = await backend.call(
                self, approvals.change_role, code=self.editing["code"], version=version, **values
            )
        self.asking = False
        await self._load()
        reader = await self._reader()
        said = "access.said_role_saved" if asked is None else "access.said_role_asked"
        yield Notices.show("ok", reader.text(said, number=str(asked.number if asked else "")))

    @event(Permission.USER_MANAGE)
    async def retire(self, code: str) -> Any:
        await backend.call(self, identity.retire_role, code=code)
        await self._load()
        yield Notices.show("ok", (await self._reader()).text("access.said_role_retired"))

    @event(Permission.USER_MANAGE)
    async def require_factor(self, code: str, choice: str) -> Any:
        """`default`, `yes` or `no`."""
        wanted = {"default": None, "yes": True, "no": False}
        if choice not in wanted:
            raise Invalid("Choose default, yes or no.")
        await backend.call(self, identity.require_factor, code=code, required=wanted[choice])
        await self._load()
        yield Notices.show("ok", (await self._reader()).text("access.said_factor"))

    async def _load(self) -> None:
        found = await backend.load(self, identity.roles)
        reader = await self._reader()
        self.roles = [self._row(role, reader) for role in found]
        rights = sorted({right for role in found for right in role.permissions})
        self.matrix = [
            {"right": right, "held": [self._held(role, right, reader) for role in found]} for right in rights
        ]
        self._done()

    @staticmethod
    def _held(role: RoleView, right: str, reader: Reader) -> str:
        """`yes`, empty, or what narrows it."""
        if right not in role.permissions:
            return ""
        return limits.told(role.conditions.get(right, {}), reader) or "yes"

    @staticmethod
    def _row(role: RoleView, reader: Any) -> dict[str, str]:
        name = reader.text(f"access.role_{role.code}") if role.built_in else role.name
        needed = role.by_default and application.factors_by_default()
        return {
            "code": role.code,
            "name": name,
            "holders": reader.number(role.holders),
            "custom": "" if role.built_in else "yes",
            "rights": reader.number(len(role.permissions)),
            "factor": {None: "default", True: "yes", False: "no"}[role.second_factor],
            "by_default": reader.text("access.factor_yes" if needed else "access.factor_no"),
        }
