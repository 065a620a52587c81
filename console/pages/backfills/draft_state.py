"""What is typed into the form of a definition, checked field by field."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, TypedDict

import reflex as rx

from console import routes
from console.design.format import Reader
from console.design.texts import tr
from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import PageState
from console.pages.backfills.rows import definition_row
from services import backfills
from services.backfills import FieldKind, FieldView, WrongField
from services.core.permissions import Permission

_ALWAYS_SENT = {FieldKind.CHECK.value}


class FieldItem(TypedDict):
    name: str
    label: str
    hint: str
    kind: str
    required: str
    value: str
    least: str
    most: str
    choices: list[str]
    error: str


class BackfillDraft(PageState, rx.State):
    """The definition of the address (`?definition=`), or the backfill whose parameters change (`?backfill=`)."""

    definition: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    fields: rx.Field[list[FieldItem]] = rx.field(default_factory=list)
    label: str = ""
    back: str = routes.BACKFILL_CATALOGUE
    _backfill: str = ""
    _asked: dict[str, str] = {}

    @event(Permission.BACKFILL_DRAFT)
    async def load(self) -> AsyncIterator[Any]:
        """Between two definitions the skeleton is sent, so that no field keeps what was typed for the other.

        An address that names nothing leads to where a definition is chosen.
        """
        query, reader = self._query(), await self._reader()
        if not query.get("definition") and not query.get("backfill"):
            yield rx.redirect(routes.BACKFILL_CATALOGUE, replace=True)
            return
        if query != self._asked:
            self.loaded, self._asked = False, query
            yield
        found = await backend.load(
            self,
            backfills.params_form,
            definition=query.get("definition", ""),
            backfill_id=query.get("backfill") or None,  # pyright: ignore[reportArgumentType]
        )
        self.definition = definition_row(found.definition, reader)
        self.fields = [_item(one, found.given, reader) for one in found.fields]
        self.label, self._backfill = found.label, str(found.backfill_id or "")
        self.back = (
            routes.to(routes.BACKFILL, backfill_id=self._backfill) if self._backfill else routes.BACKFILL_CATALOGUE
        )
        self._done()

    @event(Permission.BACKFILL_DRAFT)
    async def submit(self, form: dict[str, Any]) -> Any:
        name, params = self.definition.get("name", ""), self._params(form)
        wrong = await backend.call(self, backfills.wrong_params, definition=name, params=params)
        reader = await self._reader()
        problems = {one.name: _problem(one, reader) for one in wrong}
        self.fields = [
            FieldItem(**{**item, "value": str(form.get(item["name"], "")), "error": problems.get(item["name"], "")})
            for item in self.fields
        ]
        if wrong:
            return None
        wanted: Any = self._backfill
        if wanted:
            await backend.call(self, backfills.change_params, backfill_id=wanted, params=params)
        else:
            wanted = await backend.call(self, backfills.draft, definition=name, params=params)
        return rx.redirect(routes.to(routes.BACKFILL, backfill_id=wanted))

    def _params(self, form: dict[str, Any]) -> dict[str, Any]:
        """What was typed; an empty field is left out, so that its default holds."""
        given: dict[str, Any] = {}
        for item in self.fields:
            value = form.get(item["name"], "")
            if item["kind"] in _ALWAYS_SENT:
                given[item["name"]] = value in (True, "true", "on")
            elif str(value).strip():
                given[item["name"]] = str(value).strip()
        return given


def _item(one: FieldView, given: Any, reader: Reader) -> FieldItem:
    value = given.get(one.name)
    return FieldItem(
        name=one.name,
        label=one.title.of(reader.locale),
        hint=one.hint,
        kind=one.kind.value,
        required="yes" if one.required else "",
        value=one.default if value is None else str(value),
        least=one.least,
        most=one.most,
        choices=list(one.choices),
        error="",
    )


def _problem(one: WrongField, reader: Reader) -> str:
    """The validator's sentence; in German the one written for its code."""
    if reader.locale == "en":
        return one.sentence + "."
    family = "number" if one.code.startswith(("int", "float")) else "day" if one.code.startswith("date") else one.code
    data = {name: str(value) for name, value in one.data.items()}
    return tr(reader.locale, f"backfills.wrong_{family}", default=reader.text("backfills.wrong_value"), **data)
