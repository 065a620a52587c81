"""Drift of the definition, legal entity, currency and time in the address."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console.kit import backend
from console.kit.authz import event
from console.kit.page_state import ListState
from console.kit.shell_state import Shell
from console.pages.reconciliation import drift_rows
from console.pages.reconciliation.rows import class_name, percent
from services import reconciliation
from services.core.permissions import Permission
from services.reconciliation import Definition, DriftView

_SPANS = {"30": 30, "60": 60, "120": 120}


class ReconciliationDrift(ListState, rx.State):
    """Settlement of the first entity over 60 days unless the address says otherwise."""

    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    currencies: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    choices: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    tiles: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    deviation: rx.Field[dict[str, Any]] = rx.field(default_factory=dict)
    daily: rx.Field[dict[str, Any]] = rx.field(default_factory=dict)
    outliers: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    above: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    classes: rx.Field[list[dict[str, Any]]] = rx.field(default_factory=list)
    chosen: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    currency: str = ""
    known: bool = False

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        query = self._query()
        self.entities = [
            {"value": item["id"], "label": item["name"]} for item in (await self.get_state(Shell)).entities
        ]
        entity = query.get("entity") or (self.entities[0]["value"] if self.entities else "")
        days = _SPANS.get(query.get("days", ""), 60)
        wanted: Any = query.get("definition") or Definition.SETTLEMENT.value
        self.known = False
        self.chosen = {"definition": wanted, "entity": entity, "currency": "", "days": str(days)}
        if entity:
            view = await backend.load(
                self,
                reconciliation.drift_view,
                entity_id=entity,
                definition=wanted,
                currency=query.get("currency") or None,
                days=days,
            )
            await self._show(view, query.get("class") or drift_rows.ALL)
        self._listed()

    async def _show(self, view: DriftView, chosen: str) -> None:
        reader = await self._reader()
        self.known = bool(view.days)
        self.currency = view.currency
        self.chosen = self.chosen | {"currency": view.currency}
        self.currencies = [{"value": name, "label": name} for name in view.currencies]
        self.classes = drift_rows.class_rows(view, reader)
        self.choices = [{"value": row["code"], "label": row["name"], "count": row["breaks"]} for row in self.classes]
        self.deviation = drift_rows.deviation_figure(view, reader)
        self.daily = drift_rows.days_figure(drift_rows.of_class(view, chosen), reader)
        self.outliers = [drift_rows.outlier_row(view, day, reader) for day in view.outliers[:20]]
        self.above = [drift_rows.above_row(run, view, reader) for run in reversed(view.over_limit)][:20]
        last = view.runs[-1] if view.runs else None
        total = drift_rows.of_class(view, drift_rows.ALL)
        self.tiles = {
            "last": percent(last.deviation_ppm, reader) if last else "—",
            "last_day": reader.date(last.day) if last else "—",
            "last_above": "yes" if last and last.deviation_ppm > view.limit_ppm else "",
            "limit": percent(view.limit_ppm, reader),
            "above": reader.number(len(view.over_limit)),
            "runs": reader.number(len(view.runs)),
            "unusual": reader.number(len({day.day for day in view.outliers})),
            "found": reader.number(sum(day.breaks for day in total)),
            "days": str(len(total)),
            "class": class_name(chosen, view.definition, reader)
            if chosen != drift_rows.ALL
            else reader.text("drift.any_class"),
        }
