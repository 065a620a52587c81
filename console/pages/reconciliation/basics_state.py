"""Severe amounts, days of rest and exchange rates."""

from __future__ import annotations

import datetime as dt
from typing import Any

import reflex as rx

from console import routes
from console.design.format import Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import ListState
from console.kit.shell_state import Shell
from services import reconciliation
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.money import Money
from services.core.permissions import Permission
from services.reconciliation import HolidayView, Rate, SeverityView

_RATES = 50  # the newest that are shown
_LARGEST_MB = 2
_LARGEST = _LARGEST_MB << 20


def _severity(item: SeverityView, reader: Reader) -> dict[str, str]:
    return {
        "currency": item.currency,
        "notable": reader.amount(Money(item.notable_minor, item.currency)),
        "severe": reader.amount(Money(item.severe_minor, item.currency)),
        "changed": reader.text("basics.changed_by", name=item.changed_by, moment=reader.date(item.changed_at.date())),
        "version": str(item.version),
    }


def _holiday(item: HolidayView, reader: Reader) -> dict[str, str]:
    return {
        "id": item.day.isoformat(),
        "day": reader.date(item.day),
        "name": item.name,
        "origin": reader.text(f"basics.origin_{item.origin}"),
        "own": "yes" if item.origin == "own" else "",
    }


def _rate(item: Rate, reader: Reader) -> dict[str, str]:
    plain = f"{item.rate.normalize():f}"
    return {
        "pair": f"{item.base}/{item.quote}",
        "day": reader.date(item.day),
        "rate": plain.replace(".", ",") if reader.locale == "de" else plain,
    }


def _as_text(content: bytes) -> str:
    """Raises Invalid for a table that is too large or no text."""
    if len(content) > _LARGEST:
        raise Invalid(f"A table of rates has at most {_LARGEST_MB} MB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid("The table of rates is no UTF-8 text.") from error


def _take_rates(uow: UnitOfWork, *, content: str) -> int:
    """Reads a table of rates and keeps it."""
    return reconciliation.load_rates(uow, rates=reconciliation.rates_of_table(content))


class Basics(ListState, rx.State):
    """The amounts of all currencies; the days of rest of the entity and year in the address."""

    severities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    holidays: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    year: str = ""
    chosen: str = ""
    earlier: str = ""
    later: str = ""
    rates: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    editing: rx.Field[dict[str, str]] = rx.field(default_factory=dict)

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        self.severities = [_severity(item, reader) for item in await backend.load(self, reconciliation.severities)]
        self.entities = [
            {"value": item["id"], "label": item["name"]} for item in (await self.get_state(Shell)).entities
        ]
        self.chosen = query.get("entity") or (self.entities[0]["value"] if self.entities else "")
        asked = query.get("year", "")
        year = int(asked) if asked.isdigit() and len(asked) == 4 else dt.datetime.now(dt.UTC).year
        self.holidays, self.year, self.editing = [], str(year), {}
        if self.chosen:
            entity: Any = self.chosen
            found = await backend.load(
                self, reconciliation.holidays_of, entity_id=entity, year=year, locale=reader.locale
            )
            self.holidays = [_holiday(item, reader) for item in found]
        self.rates = [_rate(item, reader) for item in await backend.load(self, reconciliation.list_rates, limit=_RATES)]
        self.earlier, self.later = (
            routes.to(routes.RECONCILIATION_BASICS, query={"entity": self.chosen, "year": str(one)})
            for one in (year - 1, year + 1)
        )
        self._listed()

    @event(Permission.RULES_EDIT)
    async def edit(self, currency: str) -> None:
        """Opens the amounts of a currency, or an empty form for a new one."""
        known = next((row for row in self.severities if row["currency"] == currency), None)
        self.editing = dict(known) if known else {"currency": "", "notable": "", "severe": "", "version": "0"}

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.editing = self.editing if open_ else {}

    @event(Permission.RULES_EDIT)
    async def save(self, form: dict[str, Any]) -> Any:
        """Sets both amounts, written in the currency's units."""
        reader = await self._reader()
        currency = (self.editing.get("currency") or str(form.get("currency", ""))).strip().upper()
        notable, severe = (reader.read_money(str(form.get(name, "")), currency) for name in ("notable", "severe"))
        await backend.call(
            self,
            reconciliation.set_severity,
            currency=currency,
            notable_minor=notable.minor,
            severe_minor=severe.minor,
            version=int(self.editing.get("version", "0")),
        )
        yield Notices.show("ok", reader.text("basics.saved"))
        yield Basics.load

    @event(Permission.RULES_EDIT)
    async def load_rates(self, files: list[rx.UploadFile]) -> Any:
        """Takes tables of rates in; one that stands already for its currencies and day is replaced."""
        reader, count = await self._reader(), 0
        for file in files:
            count += await backend.call(self, _take_rates, content=_as_text(file.file.read(_LARGEST + 1)))
        yield Notices.show("ok", reader.text("basics.rates_loaded", count=count))
        yield Basics.load

    @event(Permission.RULES_EDIT)
    async def add_day(self, form: dict[str, Any]) -> Any:
        day, name = str(form.get("day", "")), str(form.get("name", ""))
        await backend.call(self, reconciliation.add_holiday, entity_id=self.chosen, day=day, name=name)  # pyright: ignore[reportArgumentType]
        yield await self._told("day_added", day)
        yield Basics.load

    @event(Permission.RULES_EDIT)
    async def remove_day(self, day: str) -> Any:
        await backend.call(self, reconciliation.remove_holiday, entity_id=self.chosen, day=day)  # pyright: ignore[reportArgumentType]
        yield await self._told("day_removed", day)
        yield Basics.load

    async def _told(self, key: str, day: str) -> Any:
        reader = await self._reader()
        return Notices.show("ok", reader.text(f"basics.{key}", day=reader.date(dt.date.fromisoformat(day))))
