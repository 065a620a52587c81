"""Who looks, at what, and what they may open: the state behind the frame of every page."""

from __future__ import annotations

import uuid
from typing import Any, TypedDict

import reflex as rx

from console.design.format import Reader
from console.design.texts import Locale
from console.kit import application, backend, pages, session
from console.kit.authz import event
from services import approvals, identity
from services.core.permissions import Permission

_TEAMS = (
    ("admin", Permission.USER_MANAGE),
    ("finance", Permission.RECONCILIATION_SIGN),
    ("ops", Permission.SCHEDULE_EDIT),
    ("dev", Permission.RUN_CONTROL),
    ("auditor", Permission.AUDIT_READ),
)


class EntityChoice(TypedDict):
    id: str
    code: str
    name: str
    chosen: bool


class Shell(rx.State):
    """The frame. Rights here only decide what is shown; the middleware and the services decide what is done."""

    ready: bool = False
    allowed: bool = True
    needed: str = ""
    name: str = ""
    email: str = ""
    impersonator: str = ""
    initials: str = ""
    team: str = ""
    rights: rx.Field[list[str]] = rx.field(default_factory=list)
    sandbox: bool = False
    entities: list[EntityChoice] = []
    entity_label: str = ""
    several: bool = False
    narrowed: bool = False
    as_of: str = ""
    waiting: int = 0
    time_zone: str = "Europe/Berlin"
    visit: int = 0

    @event(Permission.SELF)
    async def arrive(self) -> Any:
        """Runs first on every page: reads the reader anew, then lets the page load if they may open it."""
        self.visit += 1
        person = session.PRINCIPAL.get()
        await self._describe(person)
        return self._open(person)

    @event(Permission.SELF)
    async def speak(self, locale: str) -> Any:
        """Switches the language for good and writes the page's figures anew in it."""
        await backend.call(self, identity.set_preferences, locale=locale)
        person = await session.principal(session.PRINCIPAL.get().secret)
        if person is None:
            return None
        session.PRINCIPAL.set(person)
        await self._describe(person)
        return self._open(person)

    @event(Permission.SELF)
    async def keep_theme(self, theme: str) -> None:
        await backend.call(self, identity.set_preferences, theme=theme)

    @event(Permission.SELF)
    async def toggle_entity(self, entity_id: str) -> Any:
        """Adds a legal entity to what is shown, or takes it out; none chosen means all that one may see."""
        chosen = {item["id"] for item in self.entities if item["chosen"]}
        chosen ^= {entity_id}
        everything = {item["id"] for item in self.entities}
        return await self._choose([] if chosen == everything else sorted(chosen))

    @event(Permission.SELF)
    async def all_entities(self) -> Any:
        return await self._choose([])

    @event(Permission.SELF)
    async def count_waiting(self) -> None:
        """How many requests wait for the reader's vote, by now."""
        self.waiting = await backend.call(self, approvals.count_waiting)

    @event(Permission.SELF)
    async def again(self) -> Any:
        """Loads the page once more, after an error or on request."""
        return self._open(session.PRINCIPAL.get())

    async def _choose(self, ids: list[str]) -> Any:
        await backend.call(self, identity.choose_entities, entity_ids=[_uuid(item) for item in ids])
        person = await session.principal(session.PRINCIPAL.get().secret)
        if person is None:
            return None
        session.PRINCIPAL.set(person)
        await self._describe(person)
        return self._open(person)

    def _open(self, person: session.Principal) -> Any:
        route = "/" + self.router.route_id.removeprefix("/").removesuffix("index")
        here = pages.at(route)
        self.needed = str(here.permission) if here else ""
        self.allowed = here is None or person.actor.may(here.permission)
        self.ready = True
        return here.on_load if here and self.allowed else None

    async def _describe(self, person: session.Principal) -> None:
        (await self.get_state(Locale)).german = person.locale == "de"
        self.name = person.signed_in.display_name
        self.email = person.signed_in.email
        self.impersonator = person.actor.name if person.actor.impersonating else ""
        self.initials = initials_of(self.name)
        self.team = next((team for team, right in _TEAMS if person.actor.may(right)), "")
        self.rights = sorted(str(right) for right in person.actor.grants if person.actor.may(Permission(right)))
        app = application.current()
        self.sandbox = app.settings.uses_sandbox
        await self._describe_entities(person)
        self.waiting = await backend.call(self, approvals.count_waiting)
        reader = Reader(person.locale, self.time_zone)
        self.as_of = reader.time(app.database.clock.now(), seconds=True, zone=True)

    async def _describe_entities(self, person: session.Principal) -> None:
        found = await backend.call(self, identity.legal_entities)
        chosen = person.actor.chosen.ids
        self.entities = [
            EntityChoice(id=str(e.id), code=e.code, name=e.name, chosen=chosen is None or e.id in chosen) for e in found
        ]
        shown = [e for e in found if chosen is None or e.id in chosen] or found
        self.several, self.narrowed = len(shown) != 1, len(shown) < len(found)
        self.entity_label = shown[0].name if len(shown) == 1 else str(len(shown))
        self.time_zone = shown[0].time_zone if shown else "Europe/Berlin"


def initials_of(name: str) -> str:
    """Finance A → FA, Admin → Ad."""
    words = name.split()
    return (words[0][0] + words[-1][0] if len(words) > 1 else name[:2]).upper() if words else "?"


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.UUID(int=0)
