"""Messages at the lower right: what was done, and what was not and why."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx

from console.design.texts import refusal, tr
from console.kit import session
from console.kit.authz import event
from services.core.errors import DomainError
from services.core.permissions import Permission

_KEPT = 3


class Notice(TypedDict):
    id: int
    tone: str
    title: str
    body: str


class Notices(rx.State):
    """The last few messages of this tab."""

    items: list[Notice] = []
    _next: int = 1

    @event(Permission.SELF)
    async def show(self, tone: str, title: str, body: str = "") -> None:
        """A message in the reader's language: tone `ok`, `info`, `warn` or `bad`."""
        self._add(tone, title, body)

    @event(Permission.SELF)
    async def refuse(self, permission: str) -> None:
        locale = session.PRINCIPAL.get().locale
        self._add("bad", tr(locale, "errors.forbidden"), tr(locale, "errors.forbidden_body", permission=permission))

    @event(Permission.SELF)
    async def explain(self, kind: str, code: str, sentence: str, data: dict[str, Any]) -> None:
        """What a service refused."""
        locale = session.PRINCIPAL.get().locale
        self._add("warn" if kind == "conflict" else "bad", *explanation(locale, kind, code, sentence, data))

    @event(Permission.SELF)
    async def incident(self, incident: str) -> None:
        locale = session.PRINCIPAL.get().locale
        self._add("bad", tr(locale, "errors.incident"), tr(locale, "errors.incident_body", incident=incident))

    @event(Permission.SELF)
    async def dismiss(self, notice: int) -> None:
        self.items = [item for item in self.items if item["id"] != notice]

    @event(Permission.SELF)
    async def flush(self) -> None:
        """Sends what a handler changed before it was stopped by an error it has already shown on the page."""

    def _add(self, tone: str, title: str, body: str) -> None:
        self.items = [*self.items, Notice(id=self._next, tone=tone, title=title[:300], body=body[:1000])][-_KEPT:]
        self._next += 1


def slow_down(notices: Notices, locale: str, seconds: int) -> None:
    """Says that an event was not taken because too many came. A method would be an event that pages could call."""
    notices._add("warn", tr(locale, "errors.too_often"), tr(locale, "errors.too_often_body", count=seconds))


def explanation(locale: str, kind: str, code: str, sentence: str, data: dict[str, Any]) -> tuple[str, str]:
    """Title and sentence for a refusal: the service's own, in German that of `refusals`, else the text of its code."""
    body = refusal(locale, sentence) or tr(
        locale, f"errors.code_{code}", default=tr(locale, code, default=sentence, **data), **data
    )
    return tr(locale, f"errors.{kind}", default=tr(locale, "errors.invalid")), body


def explain_error(locale: str, error: DomainError) -> tuple[str, str]:
    return explanation(locale, error.kind.value, error.code, error.sentence, _plain(error.data))


def _plain(data: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) for name, value in data.items()}
