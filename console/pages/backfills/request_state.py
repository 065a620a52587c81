"""A backfill before it runs."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx

from console import routes
from console.kit import backend
from console.kit.authz import event
from console.kit.dry_run import DryRunFields, given_params
from console.kit.notices import Notices
from console.pages.backfills import rows
from console.pages.backfills.asking import BackfillPage
from console.pages.backfills.calendar_rows import gate_row
from services import approvals, backfills
from services.backfills import BackfillState
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission

_DEEDS = frozenset({"discard", "start", "plan"})
_MOVING = frozenset({BackfillState.DRY_RUNNING, BackfillState.AWAITING_APPROVAL, BackfillState.APPROVED})


@dataclass(frozen=True)
class Sheet:
    """What the page shows, from one crossing: `tiers` is the one that the request fell under, or all; `risk` says what
    decides over it."""

    detail: backfills.BackfillDetail
    asked: approvals.RequestDetail | None
    tiers: tuple[approvals.Tier, ...]
    risk: backfills.Risk | None
    gate: backfills.GateView


class BackfillRequest(BackfillPage, DryRunFields, rx.State):
    """The backfill of the address: its dry run, who has to agree, and the next step."""

    rules: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    gate: rx.Field[dict[str, str]] = rx.field(default_factory=dict)

    @event(Permission.BACKFILL_READ)
    async def ask(self, deed: str) -> None:
        self.asking = deed if deed in _DEEDS else ""

    @event(Permission.BACKFILL_DRAFT)
    async def dry_run(self) -> Any:
        return await self._step(backfills.start_dry_run, "backfills.said_dry_run")

    @event(Permission.BACKFILL_DRAFT)
    async def ask_approval(self) -> Any:
        return await self._step(backfills.ask_approval, "backfills.said_asked")

    @event(Permission.BACKFILL_DRAFT)
    async def discard(self, form: dict[str, Any]) -> Any:
        return await self._step(backfills.cancel, "backfills.said_discarded", reason=str(form.get("reason") or ""))

    @event(Permission.BACKFILL_RUN)
    async def start(self) -> Any:
        self.asking = ""
        wanted: Any = self._parameter("backfill_id")
        begun = await backend.call(self, backfills.start, backfill_id=wanted)
        await self._read()
        reader = await self._reader()
        if begun.problem is not None:
            problem = rows.told(begun.problem, reader)
            text = reader.text("backfills.said_not_started", label=self.item["label"], problem=problem)
            return Notices.show("bad", text)
        said = Notices.show("ok", reader.text("backfills.said_started", label=self.item["label"]))
        return [said, rx.redirect(routes.to(routes.BACKFILL_RUN, backfill_id=self.item["id"]))]

    @event(Permission.BACKFILL_RUN)
    async def plan(self, form: dict[str, Any]) -> Any:
        """Begins by itself as soon as a window is open, not before the moment that was typed (if one was)."""
        given = str(form.get("not_before") or "")
        zone = (await self._reader()).time_zone
        return await self._step(backfills.plan_start, "backfills.said_planned", not_before=_moment(given, zone))

    @event(Permission.BACKFILL_RUN)
    async def forget_plan(self) -> Any:
        return await self._step(backfills.forget_plan, "backfills.said_unplanned")

    async def _step(self, act: Callable[..., Any], said: str, **more: Any) -> Any:
        wanted: Any = self._parameter("backfill_id")
        await backend.call(self, act, backfill_id=wanted, **more)
        self.asking = ""
        await self._read()
        reader = await self._reader()
        return Notices.show("ok", reader.text(said, label=self.item["label"]))

    async def _read(self) -> None:
        wanted: Any = self._parameter("backfill_id")
        sheet, reader = await backend.load(self, _look, backfill_id=wanted), await self._reader()
        one, definition = sheet.detail.backfill, sheet.detail.definition
        document = one.dry_run
        self.item = rows.head_row(one, reader) | {
            "owner": definition.owner,
            "takes": "yes" if definition.params.get("properties") else "",
            "params": given_params(one.params, reader),
            "undoable": "yes" if definition.undoable else "",
            "runbook": definition.runbook.of(reader.locale),
            "measured_at": rows.iso_moment(document["measured_at"], reader) if document else "—",
            "decided": rows.risk_line(sheet.risk, reader),
            "digest": sheet.asked.request.digest[:16] if sheet.asked else "",
            "width": "",
        }
        self.gate = gate_row(sheet.gate, reader) | {
            "planned": reader.moment(one.planned_for) if one.planned_for else "",
            "planned_by": one.planned_by_name or "",
        }
        self._show_dry_run(definition, one.params, document, reader)
        self.steps = [step.value for step in sheet.detail.next_steps]
        self.seats = rows.seat_rows(sheet.asked, reader)
        self.rules = rows.rule_rows(sheet.tiers, reader)
        self.moving = one.state in _MOVING
        if self.asking and not self._possible():
            self.asking = ""
        self._done()

    def _possible(self) -> bool:
        """Whether the step that the open dialog asks about can still be taken."""
        return ("discarded" if self.asking == "discard" else "running") in self.steps


def _look(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> Sheet:
    detail = backfills.backfill_detail(uow, backfill_id=backfill_id)
    request_id, gate = detail.backfill.request_id, backfills.gate_now(uow)
    if not uow.actor.may(Permission.APPROVAL_READ):
        return Sheet(detail, None, (), None, gate)
    kind = backfills.kind_for(detail.backfill.dry_run or {})
    policy = next(one for one in approvals.policies(uow) if one.kind == kind)
    asked = approvals.request_detail(uow, request_id=request_id) if request_id else None
    risk = backfills.risk(uow, backfill_id=backfill_id)
    return Sheet(detail, asked, (asked.request.tier,) if asked else policy.tiers, risk, gate)


def _moment(text: str, zone: str) -> dt.datetime | None:
    """What was typed, in the reader's time zone; None for nothing. Raises Invalid."""
    try:
        return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)) if text else None
    except ValueError:
        raise Invalid("A planned start is a day and a time.") from None
