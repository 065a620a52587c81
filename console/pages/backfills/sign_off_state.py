"""The change as a whole: who agreed and signed, who was told, the flag, and what was done to the record."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import reflex as rx

from console.design.format import Reader
from console.design.texts import tr
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.trail import trail_href, trail_rows
from console.pages.backfills import rows
from console.pages.backfills.asking import BackfillPage
from services import approvals, audit, backfills, notifications
from services.backfills import BackfillState
from services.core.db import UnitOfWork
from services.core.permissions import Permission


@dataclass(frozen=True)
class Sheet:
    """What the page shows, from one crossing."""

    detail: backfills.BackfillDetail
    agreed: approvals.RequestDetail | None
    signed: approvals.RequestDetail | None
    told: tuple[notifications.Told, ...]
    flag: backfills.FlagTie | None
    trail: Any


class BackfillSignOff(BackfillPage, rx.State):
    """The backfill of the address."""

    agreed: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    signed: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    told: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    flag: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    trail: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    trail_href: str = ""

    async def _read(self) -> None:
        wanted: Any = self._parameter("backfill_id")
        sheet, reader = await backend.load(self, _look, backfill_id=wanted), await self._reader()
        self.item = rows.head_row(sheet.detail.backfill, reader) | _story(sheet, reader)
        self.agreed = rows.seat_rows(sheet.agreed, reader)
        self.signed = rows.seat_rows(sheet.signed, reader)
        self.told = [_told(one, reader) for one in sheet.told]
        self.flag = _flag(sheet.flag)
        self.trail, self.trail_href = trail_rows(sheet.trail, reader), trail_href("backfill", wanted)
        self._done()

    @event(Permission.BACKFILL_RUN)
    async def ask(self) -> None:
        self.asking = "flag"

    @event(Permission.BACKFILL_RUN)
    async def advance(self) -> Any:
        wanted: Any = self._parameter("backfill_id")
        reached = await backend.call(self, backfills.advance_flag, backfill_id=wanted)
        self.asking = ""
        await self._read()
        reader = await self._reader()
        said = reader.text("change_calendar.said_flag", flag=self.flag["key"], percent=reached.percent)
        return Notices.show("ok", said)


def _flag(tie: backfills.FlagTie | None) -> dict[str, str]:
    """What is known of the flag; `next` only while the next step may be taken."""
    if tie is None:
        return {"key": ""}
    standing = tie.standing
    return {
        "key": tie.key,
        "connected": "yes" if tie.connected else "",
        "percent": str(standing.percent) if standing else "",
        "next": str(standing.next_percent) if standing and tie.may_advance else "",
        "after": str(standing.next_percent) if standing and standing.next_percent is not None else "",
    }


def _look(uow: UnitOfWork, *, backfill_id: uuid.UUID) -> Sheet:
    detail = backfills.backfill_detail(uow, backfill_id=backfill_id)
    one, reads = detail.backfill, uow.actor.may(Permission.APPROVAL_READ)
    agreed, signed = (
        approvals.request_detail(uow, request_id=request_id) if request_id and reads else None
        for request_id in (one.request_id, one.signoff_request_id)
    )
    told = backfills.announcements(uow, backfill_id=backfill_id)
    trail = audit.trail(uow, subject_type="backfill", subject_id=str(backfill_id), permission=Permission.BACKFILL_READ)
    return Sheet(detail, agreed, signed, told, backfills.flag_of(uow, backfill_id=backfill_id), trail)


def _story(sheet: Sheet, reader: Reader) -> dict[str, str]:
    """The five steps of a change with what is known of each."""
    one, progress = sheet.detail.backfill, sheet.detail.progress
    results = (one.verification or {}).get("results", ())
    held = sum(row["held"] for row in results)
    agreed = sheet.agreed is not None and all(seat.vote for seat in sheet.agreed.seats)
    votes = sum(seat.vote is not None for seat in sheet.agreed.seats) if sheet.agreed else 0
    seats = len(sheet.agreed.seats) if sheet.agreed else 0
    return {
        "digest": sheet.agreed.request.digest if sheet.agreed else "",
        "step_measured": _step(one.dry_run is not None),
        "rows_said": ""
        if one.predicted is None
        else reader.text("change_calendar.rows", count=reader.number(one.predicted)),
        "step_agreed": _step(agreed),
        "agreed_said": reader.text("change_calendar.votes", votes=votes, seats=seats) if seats else "",
        "step_changed": _step(one.changed_at is not None),
        "changed_said": reader.text("change_calendar.rows", count=reader.number(progress.changed)) if progress else "",
        "step_verified": "bad" if held < len(results) else _step(bool(results)),
        "result": reader.text("change_calendar.checks_held", held=held, count=len(results)) if results else "",
        "step_signed": "bad" if one.state is BackfillState.REJECTED else _step(one.signed_by_name is not None),
        "signed_said": one.signed_by_name or "",
    }


def _step(done: bool) -> str:
    return "done" if done else "todo"


def _told(one: notifications.Told, reader: Reader) -> dict[str, str]:
    what = one.purpose.partition(".")[2]
    return {
        "what": tr(reader.locale, f"change_calendar.told_{what}", default=what),
        "when": reader.moment(one.at),
        "mails": reader.number(one.mails),
        "chats": reader.number(one.chats),
        "waiting": reader.number(one.waiting) if one.waiting else "",
        "failed": reader.number(one.failed) if one.failed else "",
    }
