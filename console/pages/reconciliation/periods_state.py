"""Periods: closing, opening again, proving."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import PAGE_SIZE
from console.design.format import Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import ListState
from console.kit.shell_state import Shell
from console.pages.reconciliation.rows import broken_checks, neighbours, offset_of
from services import reconciliation
from services.core.money import Money
from services.core.permissions import Permission
from services.reconciliation import LateView, PeriodFilter, PeriodSpan, PeriodView


def _row(item: PeriodView, names: dict[str, str], reader: Reader) -> dict[str, str]:
    return {
        "id": str(item.id),
        "name": _named(item, reader),
        "definition": reader.text(f"reconciliation.definition_{item.definition.value}"),
        "entity": names.get(str(item.entity_id), ""),
        "state": item.state.value,
        "signed_by": item.signed_by_name or "",
        "holes": reader.text("periods.holes", count=item.holes) if item.holes else "",
        "href": routes.to(routes.RECONCILIATION_RUN, reconciliation_id=item.run_id) if item.run_id else "",
    }


def _late_row(item: LateView, reader: Reader) -> dict[str, str]:
    return {
        "id": f"{item.source.value}/{item.ext_key}/{item.amount_minor}",
        "key": item.ext_key,
        "source": reader.text(f"periods.source_{item.source.value}"),
        "amount": reader.amount(Money(item.amount_minor, item.currency)),
        "currency": item.currency,
        "href": routes.to(routes.BREAKS, query={"q": item.ext_key}),
        "belongs_to": reader.date(item.belongs_to),
        "back": routes.to(routes.RECONCILIATION_RUN, reconciliation_id=item.run_id) if item.run_id else "",
        "moved_to": reader.date(item.moved_to) if item.moved_to else reader.text("periods.held"),
    }


def _named(item: PeriodView, reader: Reader) -> str:
    """A day, or the month by its name."""
    return reader.date(item.first_day) if item.span is PeriodSpan.DAY else reader.whole_month(item.first_day)


class PeriodList(ListState, rx.State):
    """Days and months with their state, and what came for those that are closed."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    late: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    asking: str = ""  # sign or reopen
    period_id: str = ""
    name: str = ""

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        offset, wanted = offset_of(query), PeriodFilter.from_address(query)
        found = await backend.load(self, reconciliation.list_periods, filter=wanted, limit=PAGE_SIZE + 1, offset=offset)
        below = self._below()
        late = await backend.load(self, reconciliation.late_items, limit=PAGE_SIZE + 1, offset=below)
        self.entities = [
            {"value": item["id"], "label": item["name"]} for item in (await self.get_state(Shell)).entities
        ]
        names = {item["value"]: item["label"] for item in self.entities}
        self.rows = [_row(item, names, reader) for item in found[:PAGE_SIZE]]
        self.late = [_late_row(item, reader) for item in late[:PAGE_SIZE]]
        self._listed_below(below, step=PAGE_SIZE, more=len(late) > PAGE_SIZE)
        self._listed(
            range_label=reader.text("periods.range", count=len(self.rows)),
            **neighbours(offset, more=len(found) > PAGE_SIZE),
        )

    @event(Permission.RECONCILIATION_SIGN)
    async def ask(self, what: str, period_id: str, name: str) -> None:
        self.asking, self.period_id, self.name = str(what), str(period_id), str(name)

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = self.asking if open_ else ""

    @event(Permission.RECONCILIATION_SIGN)
    async def sign(self, form: dict[str, Any]) -> Any:
        """Signs the period off, or keeps the reader's agreement while others are needed."""
        reason = str(form.get("reason", "")).strip() or None
        signed = await backend.call(self, reconciliation.sign_period, period_id=self.period_id, reason=reason)  # pyright: ignore[reportArgumentType]
        self.asking = ""
        yield await self._told("signed" if signed.state.value == "signed_off" else "waiting")
        yield PeriodList.load

    @event(Permission.RECONCILIATION_SIGN)
    async def reopen(self, form: dict[str, Any]) -> Any:
        """Asks for the period to be opened again."""
        await backend.call(
            self,
            reconciliation.request_reopening,
            period_id=self.period_id,  # pyright: ignore[reportArgumentType]
            reason=str(form.get("reason", "")),
        )
        self.asking = ""
        yield await self._told("asked")
        yield PeriodList.load

    @event(Permission.RECONCILIATION_READ)
    async def verify(self, period_id: str, name: str) -> Any:
        """Computes what a closed period stands for again and says whether it holds."""
        proof = await backend.call(self, reconciliation.verify_period, period_id=period_id)  # pyright: ignore[reportArgumentType]
        reader = await self._reader()
        if proof.valid:
            return Notices.show("ok", reader.text("periods.holds", period=name))
        wrong = broken_checks(proof.checks, reader)
        return Notices.show("bad", reader.text("periods.broken", period=name, checks=wrong))

    async def _told(self, key: str) -> Any:
        reader = await self._reader()
        return Notices.show("ok", reader.text(f"periods.{key}", period=self.name))
