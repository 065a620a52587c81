"""One run: at work, in review, signed."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import PAGE_SIZE
from console.kit import backend, session
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import ListState
from console.kit.trail_state import TrailFields
from console.pages.reconciliation import rows
from console.pages.reconciliation.sheet import run_sheet, signing_sheet, underway_text
from services import reconciliation
from services.core.permissions import Permission
from services.reconciliation import BreakFilter


class ReconciliationRunPage(ListState, TrailFields, rx.State):
    """Totals, what the difference is made of, breaks, signature."""

    run_id: str = ""
    run: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    signing: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    totals: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    day_totals: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    difference: rx.Field[list[dict[str, Any]]] = rx.field(default_factory=list)
    classes: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    ages: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    chips: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    inputs: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    span_day: bool = False
    underway: str = ""
    width: str = "0%"
    gave_up: str = ""
    asking: bool = False

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> Any:
        reference = self._parameter("reconciliation_id")
        where = await backend.load(self, reconciliation.whereabouts, reference=reference)  # pyright: ignore[reportArgumentType]
        reader = await self._reader()
        self.gave_up = where.error or ""
        self.underway = underway_text(where.underway, reader) if where.underway else ""
        self.width = f"{where.underway.done * 100 / (where.underway.total or 4):.0f}%" if where.underway else "0%"
        if where.run_id is None:
            self.run_id = ""
            return self._listed()
        if str(where.run_id) != reference:
            return rx.redirect(routes.to(routes.RECONCILIATION_RUN, reconciliation_id=where.run_id), replace=True)
        return await self._show(str(where.run_id))

    async def _show(self, run_id: str) -> None:
        query, reader = self._query(), await self._reader()
        report = await backend.load(
            self,
            reconciliation.run_report,
            run_id=run_id,  # pyright: ignore[reportArgumentType]
            filter=BreakFilter.from_address(query),
            sort=query.get("sort", "delta"),
            descending=query.get("dir") != "asc",
            limit=PAGE_SIZE,
            offset=rows.offset_of(query),
        )
        run = report.run
        self.run_id = run_id
        self.run, self.inputs = run_sheet(report, reader)
        self.signing = signing_sheet(report, session.PRINCIPAL.get().actor.id, reader)
        split = [(item.span.value, rows.total_row(item, run, reader)) for item in report.totals]
        self.totals = [row for span, row in split if span == "all"]
        self.day_totals = [row for span, row in split if span == "day"]
        self.difference = rows.difference_blocks(report.difference, run.definition, reader)
        self.classes = rows.class_bars(report.sums, run.definition, reader)
        self.ages = rows.age_bars(report.sums, reader)
        self.chips = [
            {"value": name, "label": rows.class_name(name, run.definition, reader), "count": reader.number(count)}
            for name, count in sorted(report.counts.items(), key=lambda item: -item[1])
        ]
        self.rows = [rows.break_row(item, reader) for item in report.page.rows]
        await self._follow("reconciliation_run", run_id, Permission.RECONCILIATION_READ)
        self._listed(range_label=rows.range_of(report.page, reader), **rows.place(report.page, PAGE_SIZE))

    @event(Permission.SELF)
    async def choose_span(self, day: bool) -> None:
        self.span_day = bool(day)

    @event(Permission.RECONCILIATION_RUN)
    async def run_again(self) -> Any:
        """Queues the same definition and entity through yesterday and shows it at work."""
        job = await backend.call(
            self,
            reconciliation.start_run,
            definition=self.run["definition_code"],  # pyright: ignore[reportArgumentType]
            entity_id=self.run["entity_id"],  # pyright: ignore[reportArgumentType]
        )
        return rx.redirect(routes.to(routes.RECONCILIATION_RUN, reconciliation_id=job))

    @event(Permission.RECONCILIATION_SIGN)
    async def ask(self) -> None:
        self.asking = True

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = bool(open_)

    @event(Permission.RECONCILIATION_SIGN)
    async def sign(self) -> Any:
        """Signs a run whose deviation is within the limit."""
        yield await self._sign(None)
        yield ReconciliationRunPage.load

    @event(Permission.RECONCILIATION_SIGN)
    async def sign_with_reason(self, form: dict[str, Any]) -> Any:
        """Signs a run above the limit."""
        yield await self._sign(str(form.get("reason") or ""))
        yield ReconciliationRunPage.load

    @event(Permission.RECONCILIATION_READ)
    async def verify(self) -> Any:
        """Computes the signature's content again and says whether it holds."""
        proof = await backend.call(self, reconciliation.verify_signature, run_id=self.run_id)  # pyright: ignore[reportArgumentType]
        if proof.valid:
            return await self._told("reconciliation.verified")
        reader = await self._reader()
        wrong = rows.broken_checks(proof.checks, reader)
        return Notices.show("bad", reader.text("reconciliation.not_verified", checks=wrong))

    async def _sign(self, reason: str | None) -> Any:
        """What to say: signed, or agreed to while the policy wants further people."""
        signed = await backend.call(self, reconciliation.sign_off, run_id=self.run_id, reason=reason)  # pyright: ignore[reportArgumentType]
        self.asking = False
        return await self._told(f"reconciliation.{'signed_now' if signed else 'agreed_now'}", day=self.run["day"])

    async def _told(self, key: str, **values: object) -> Any:
        reader = await self._reader()
        return Notices.show("ok", reader.text(key, **values))
