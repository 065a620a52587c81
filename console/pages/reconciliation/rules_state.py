"""A definition's rules: what holds, the draft, its back-test, and the way to publication."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from services import reconciliation
from services.core.permissions import Permission
from services.reconciliation import ORDERS, PARAMETERS, Definition


class RuleBook(PageState, rx.State):
    """The rules of the definition in the address."""

    definition: str = ""
    name: str = ""
    version: str = ""
    fields: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    order: str = ""
    options: str = ""
    note: str = ""
    draft_version: int = 0
    has_draft: bool = False
    tested: str = ""
    waiting: bool = False
    examples: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    versions: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    busy: bool = False

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        asked: Any = self._query().get("definition", Definition.SETTLEMENT.value)
        book = await backend.load(self, reconciliation.rule_book, definition=asked)
        reader = await self._reader()
        shown = book.draft or book.parameters
        self.definition, self.version = book.definition.value, str(book.version)
        self.name = reader.text(f"reconciliation.definition_{book.definition.value}")
        self.fields = [
            {
                "name": item.name,
                "label": reader.text(f"rules.{item.name}"),
                "value": str(shown[item.name]),
                "low": str(item.low),
                "high": str(item.high),
                "before": str(book.parameters[item.name]),
            }
            for item in PARAMETERS[book.definition]
        ]
        self.order = ", ".join(shown["order"])
        self.options = "; ".join(reader.text(f"rules.rule_{name}") for name in ORDERS[book.definition].options)
        self.note, self.draft_version, self.has_draft = book.draft_note, book.draft_version, book.draft is not None
        self.waiting = book.request_id is not None
        self.tested = self._tested(book, reader)
        self.examples = [
            {
                "what": reader.text(f"rules.what_{what}"),
                "key": key,
                "class": reader.text(f"reconciliation.class_{kind}"),
                "day": day,
            }
            for what, key, kind, day in (book.backtest.examples if book.backtest else ())
        ]
        self.versions = [
            {
                "version": str(item.version),
                "note": item.note or reader.text("rules.shipped"),
                "author": item.author or "",
                "since": reader.moment(item.created_at),
            }
            for item in book.versions
        ]
        self._done()

    @event(Permission.RULES_EDIT)
    async def save(self, form: dict[str, Any]) -> Any:
        """Keeps the draft as it stands in the form."""
        names = {item.name for item in PARAMETERS[Definition(self.definition)]}
        parameters: dict[str, Any] = {name: str(form.get(name, "")).strip() for name in names}
        parameters["order"] = [word.strip() for word in str(form.get("order", "")).split(",") if word.strip()]
        await backend.call(
            self,
            reconciliation.save_draft,
            definition=self.definition,  # pyright: ignore[reportArgumentType]
            version=self.draft_version,
            parameters=parameters,
            note=str(form.get("note", "")),
        )
        yield await self._told("saved")
        yield RuleBook.load

    @event(Permission.RULES_EDIT)
    async def test(self) -> Any:
        """Queues the back-test."""
        await backend.call(self, reconciliation.start_backtest, definition=self.definition)  # pyright: ignore[reportArgumentType]
        yield await self._told("testing")

    @event(Permission.RULES_EDIT)
    async def publish(self) -> Any:
        """Asks for the draft to hold."""
        await backend.call(self, reconciliation.request_publication, definition=self.definition)  # pyright: ignore[reportArgumentType]
        yield await self._told("asked")
        yield RuleBook.load

    def _tested(self, book: reconciliation.RuleBookView, reader: Any) -> str:
        if book.backtest is None:
            return ""
        found = {name: getattr(book.backtest, name) for name in ("runs", "more", "fewer")}
        return reader.text("rules.backtest_said", count=found["runs"], **found)

    async def _told(self, key: str) -> Any:
        reader = await self._reader()
        return Notices.show("ok", reader.text(f"rules.{key}"))
