"""One request: what will happen, who agreed, and the reader's own decision."""

from __future__ import annotations

import json
import uuid
from typing import Any

import reflex as rx

from console import routes
from console.design.format import Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.deciding import decided_line
from console.kit.dry_run import DryRunFields
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.kit.trail_state import TrailFields
from console.pages.approvals import rows
from services import approvals, backfills, identity
from services.approvals import Decision, RequestDetail, RequestState, RequestView
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_DEEDS = frozenset({"agree", "reject", "withdraw"})


class ApprovalRequestPage(PageState, DryRunFields, TrailFields, rx.State):
    """The request of the address. What is sent back with a vote is the digest that was shown."""

    request: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    lines: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    changes: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    seats: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    rejections: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    teams: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    obstacle: str = ""
    may_vote: bool = False
    may_withdraw: bool = False
    waiting: bool = False
    asking: str = ""

    @event(Permission.APPROVAL_READ)
    async def load(self) -> None:
        if self._elsewhere():
            self.asking = ""
        await self._read()

    @event(Permission.APPROVAL_READ)
    async def refresh(self) -> None:
        """Somebody else may have decided meanwhile: then the buttons go."""
        await self._read()

    @event(Permission.APPROVAL_READ)
    async def ask(self, deed: str) -> None:
        self.asking = deed if deed in _DEEDS else ""

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = self.asking if open_ else ""

    @event(Permission.APPROVAL_READ)
    async def agree(self, form: dict[str, Any]) -> Any:
        return await self._vote(Decision.APPROVE, form)

    @event(Permission.APPROVAL_READ)
    async def reject(self, form: dict[str, Any]) -> Any:
        return await self._vote(Decision.REJECT, form)

    @event(Permission.APPROVAL_READ)
    async def withdraw(self, form: dict[str, Any]) -> Any:
        wanted: Any = {"request_id": self.request.get("id", ""), "reason": str(form.get("reason") or "") or None}
        await backend.call(self, approvals.withdraw, **wanted)
        self.asking = ""
        await self._read()
        return await self._said("approvals.said_withdrawn")

    async def _vote(self, decision: Decision, form: dict[str, Any]) -> Any:
        wanted: Any = {
            "request_id": self.request.get("id", ""),
            "digest": self.request.get("digest", ""),
            "decision": decision.value,
            "reason": str(form.get("reason") or "") or None,
            "team": str(form.get("team") or "") or None,
        }
        done = await backend.call(self, approvals.vote, **wanted)
        self.asking = ""
        await self._read()
        if decision is Decision.REJECT:
            return await self._said("approvals.said_rejected")
        finished = done.state is RequestState.CONSUMED
        return await self._said("approvals.said_done" if finished else "approvals.said_agreed")

    async def _read(self) -> None:
        wanted: Any = self._parameter("request_id")
        detail, names, measured = await backend.load(self, _look, request_id=wanted)
        reader = await self._reader()
        item, described = detail.request, detail.description
        self.request = _sheet(detail, names, reader)
        self.lines = [
            {"name": line.label.of(reader.locale), "value": rows.value(line.value, reader)} for line in described.lines
        ]
        self.changes = [
            {
                "field": change.label.of(reader.locale),
                "was": rows.value(change.before, reader),
                "now": rows.value(change.after, reader),
            }
            for change in described.changes
        ]
        if measured is not None:
            self._show_dry_run(measured.definition, measured.params, measured.document, reader)
        else:
            self.dry = {}
        self.seats = [rows.seat_row(seat, reader) for seat in detail.seats]
        self.rejections = [
            {"said": reader.text("approvals.rejected_by", person=rows.voter(vote, reader), reason=vote.reason or "")}
            for vote in detail.rejections
        ]
        open_teams = {seat.team for seat in detail.seats if seat.vote is None}
        mine = sorted({authority.team for authority in detail.authorities} & open_teams)
        self.teams = [{"value": team.value, "label": rows.team_name(team, reader)} for team in mine]
        self.waiting = item.state in (RequestState.PENDING, RequestState.APPROVED)
        self.obstacle = detail.obstacle or ""
        self.may_vote, self.may_withdraw = detail.may_vote, detail.may_withdraw
        if (self.asking in ("agree", "reject") and not self.may_vote) or (
            self.asking == "withdraw" and not self.may_withdraw
        ):
            self.asking = ""
        await self._follow("approval_request", item.id, Permission.APPROVAL_READ)
        self._done()

    async def _said(self, key: str) -> Any:
        reader = await self._reader()
        return Notices.show("ok", reader.text(key, title=self.request.get("title", "")))


def _look(
    uow: UnitOfWork, *, request_id: uuid.UUID
) -> tuple[RequestDetail, dict[uuid.UUID, str], backfills.AskedDryRun | None]:
    detail = approvals.request_detail(uow, request_id=request_id)
    names = {entity.id: entity.name for entity in identity.legal_entities(uow)}
    return detail, names, _measured(uow, detail.request)


def _measured(uow: UnitOfWork, asked: RequestView) -> backfills.AskedDryRun | None:
    """The dry run that a request to run a backfill is bound to, for whoever may see its rows."""
    everywhere = uow.actor.may(Permission.BACKFILL_READ) and uow.actor.grants[Permission.BACKFILL_READ].ids is None
    kinds = {backfills.RUN_KIND.name, backfills.RUN_CLOSED_KIND.name}
    if asked.kind not in kinds or not everywhere:
        return None
    return backfills.asked_dry_run(uow, backfill_id=uuid.UUID(asked.subject_id), digest=asked.content["dry_run"])


def _decided(item: RequestView, reader: Reader) -> str:
    """The threshold that was reached; empty where the step holds for everything."""
    if item.reached is approvals.Reached.ALWAYS:
        return ""
    return decided_line(item.standing, reader)


def _sheet(detail: RequestDetail, names: rows.Names, reader: Reader) -> dict[str, str]:
    """The facts around a request as texts."""
    item, described = detail.request, detail.description
    absent = sorted({a.person_name for a in detail.authorities if a.delegation_id is not None})
    left = item.seats - item.votes
    after = reader.text("approvals.agree_more", count=reader.number(left - 1))
    newer = item.superseded_by
    return rows.request_row(item, names, reader) | {
        "digest": item.digest,
        "content": json.dumps(dict(item.content), indent=2, ensure_ascii=False, sort_keys=True),
        "rule": rows.rule_line(item, reader),
        "threshold": rows.threshold_line(item.tier, reader),
        "decided": _decided(item, reader),
        "money": reader.money(item.amount) if item.amount else "",
        "touched": reader.number(item.rows) if item.rows is not None else "",
        "consequence": described.consequence.of(reader.locale) if described.consequence else "",
        "undo": described.undo.of(reader.locale) if described.undo else "",
        "subject": described.href or "",
        "absent": ", ".join(absent),
        "effect": reader.text("approvals.agree_last") if left <= 1 else after,
        "ended_by": item.ended_by_name or "",
        "ended_reason": item.ended_reason or "",
        "newer": routes.to(routes.APPROVAL, request_id=newer) if newer else "",
    }
