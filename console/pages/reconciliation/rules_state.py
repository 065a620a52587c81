"""A definition's rules: what holds, the draft, its back-test, and the way to publication."""

from __future__ import annotations

import datetime as dt
from typing import Any

import reflex as rx

from console import routes
from console.design.format import Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.pages.reconciliation import rules_form as form_of
from console.pages.reconciliation.rows import class_name
from services import reconciliation
from services.core.permissions import Permission
from services.reconciliation import ORDERS, PARAMETERS, Definition, RuleBookView

_RUNS = ("5", "10", "20")


class RuleBook(PageState, rx.State):
    """The rules of the definition in the address. The order is edited here and kept when the draft is saved."""

    definition: str = ""
    name: str = ""
    version: str = ""
    groups: rx.Field[list[dict[str, Any]]] = rx.field(default_factory=list)
    order: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    changes: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    versions: rx.Field[list[dict[str, Any]]] = rx.field(default_factory=list)
    examples: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    by_class: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    note: str = ""
    draft_version: int = 0
    has_draft: bool = False
    drafted_by: str = ""
    tested: str = ""
    testing: bool = False
    request_href: str = ""
    runs: str = _RUNS[0]

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        asked: Any = self._query().get("definition", Definition.SETTLEMENT.value)
        book = await backend.load(self, reconciliation.rule_book, definition=asked)
        self._show(book, await self._reader())
        self._done()

    @event(Permission.RECONCILIATION_READ)
    async def refresh(self) -> None:
        """While a back-test runs: only what it found."""
        asked: Any = self.definition
        book = await backend.call(self, reconciliation.rule_book, definition=asked)
        self._show_test(book, await self._reader())

    def _show(self, book: RuleBookView, reader: Reader) -> None:
        values = book.draft or book.parameters
        self.definition, self.version = book.definition.value, str(book.version)
        self.name = reader.text(f"reconciliation.definition_{book.definition.value}")
        self.groups = form_of.groups(book.definition, values, book.parameters, reader)
        self.order = form_of.ordered(book.definition, values[ORDERS[book.definition].name], reader)
        self.changes = form_of.changes(book.definition, book.parameters, values, reader)
        self.versions = form_of.history(book.definition, book.versions, book.version, reader)
        self.note, self.draft_version, self.has_draft = book.draft_note, book.draft_version, book.draft is not None
        self.drafted_by = book.drafted_by or ""
        self.request_href = routes.to(routes.APPROVAL, request_id=book.request_id) if book.request_id else ""
        self._show_test(book, reader)

    def _show_test(self, book: RuleBookView, reader: Reader) -> None:
        found = book.backtest
        self.tested, self.examples, self.by_class = "", [], []
        if found is None:
            return
        self.testing = False
        said = {name: getattr(found, name) for name in ("runs", "more", "fewer")}
        self.tested = reader.text("rules.backtest_said", count=said["runs"], **said)
        names = sorted({*found.more_by_class, *found.fewer_by_class})
        self.by_class = [
            {
                "class": self._class(name, book.definition, reader),
                "more": reader.number(found.more_by_class.get(name, 0)),
                "fewer": reader.number(found.fewer_by_class.get(name, 0)),
            }
            for name in names
        ]
        self.examples = [
            {
                "what": reader.text(f"rules.what_{what}"),
                "key": key,
                "class": class_name(kind, book.definition, reader),
                "day": reader.date(dt.date.fromisoformat(day)),
                "href": routes.to(routes.BREAKS, query={"q": key}),
            }
            for what, key, kind, day in found.examples
        ]

    def _class(self, name: str, definition: Definition, reader: Reader) -> str:
        if name.startswith("group "):
            return reader.text("rules.groups_of", rule=name.removeprefix("group "))
        return class_name(name, definition, reader)

    @event(Permission.SELF)
    async def move(self, rule: str, step: int) -> None:
        """Puts a rule one place earlier or later; nothing is kept before the draft is saved."""
        tried = [row["rule"] for row in self.order if row["place"]]
        if rule in tried:
            at = tried.index(rule)
            to = max(0, min(len(tried) - 1, at + (1 if int(step) > 0 else -1)))
            tried.insert(to, tried.pop(at))
        await self._reorder(tried)

    @event(Permission.SELF)
    async def switch(self, rule: str) -> None:
        """Tries a rule, at the end, or no longer."""
        tried = [row["rule"] for row in self.order if row["place"]]
        known = self.definition and rule in ORDERS[Definition(self.definition)].options
        if known:
            await self._reorder([name for name in tried if name != rule] if rule in tried else [*tried, rule])

    async def _reorder(self, tried: list[str]) -> None:
        if self.definition:
            self.order = form_of.ordered(Definition(self.definition), tried, await self._reader())

    @event(Permission.SELF)
    async def choose_runs(self, runs: str) -> None:
        self.runs = runs if runs in _RUNS else _RUNS[0]

    @event(Permission.RULES_EDIT)
    async def save(self, form: dict[str, Any]) -> Any:
        """Keeps the draft as it stands in the form and the list."""
        reader = await self._reader()
        asked: Any = self.definition
        known = PARAMETERS[Definition(self.definition)]
        parameters = {item.name: form_of.checked(item, str(form.get(item.name) or ""), reader) for item in known}
        parameters[ORDERS[Definition(self.definition)].name] = [row["rule"] for row in self.order if row["place"]]
        await backend.call(
            self,
            reconciliation.save_draft,
            definition=asked,
            version=self.draft_version,
            parameters=parameters,
            note=str(form.get("note", "")),
        )
        yield await self._told("saved")
        yield RuleBook.load

    @event(Permission.RULES_EDIT)
    async def test(self) -> Any:
        """Queues the back-test over the chosen number of days and looks for what it finds."""
        asked: Any = self.definition
        await backend.call(self, reconciliation.start_backtest, definition=asked, count=int(self.runs))
        self.testing, self.tested, self.examples, self.by_class = True, "", [], []
        yield await self._told("testing")

    @event(Permission.RULES_EDIT)
    async def publish(self) -> Any:
        """Asks for the draft to hold."""
        asked: Any = self.definition
        await backend.call(self, reconciliation.request_publication, definition=asked)
        yield await self._told("asked")
        yield RuleBook.load

    async def _told(self, key: str) -> Any:
        reader = await self._reader()
        return Notices.show("ok", reader.text(f"rules.{key}"))
