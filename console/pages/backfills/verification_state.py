"""What the verification found, the words for what deviates, and Finance's decision."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import reflex as rx

from console.design.format import UNKNOWN, Reader
from console.design.texts import tr
from console.kit import backend
from console.kit.authz import event
from console.kit.dry_run import money_text, shown_value
from console.kit.notices import Notices
from console.pages.backfills import rows
from console.pages.backfills.asking import BackfillPage
from console.pages.backfills.recon_rows import named, reconciled
from services import approvals, backfills
from services.approvals import Decision
from services.backfills import BackfillState
from services.core.db import UnitOfWork
from services.core.permissions import Permission

BEHIND_SHOWN = 8  # of each check; the document has more
_DEEDS = frozenset({"sign", "reject", "explain"})
_FOLLOWED = frozenset({BackfillState.RUNNING, BackfillState.VERIFYING, BackfillState.AWAITING_SIGNOFF})


class BackfillVerification(BackfillPage, rx.State):
    """The backfill of the address; what is sent back with a vote is the digest that was shown."""

    results: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    lines: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    came: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    behind: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    differing: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    aside: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    code: str = ""
    result: str = ""

    @event(Permission.BACKFILL_READ)
    async def ask(self, deed: str) -> None:
        self.asking = deed if deed in _DEEDS else ""

    @event(Permission.BACKFILL_RUN)
    async def ask_words(self, code: str, title: str) -> None:
        self.asking, self.code, self.result = "explain", code, title

    @event(Permission.APPROVAL_READ)
    async def sign(self) -> Any:
        return await self._vote(Decision.APPROVE, None, "backfill_run.said_signed")

    @event(Permission.APPROVAL_READ)
    async def reject(self, form: dict[str, Any]) -> Any:
        return await self._vote(Decision.REJECT, str(form.get("reason") or ""), "backfill_run.said_rejected")

    @event(Permission.BACKFILL_RUN)
    async def explain(self, form: dict[str, Any]) -> Any:
        wanted: Any = self._parameter("backfill_id")
        said = str(form.get("reason") or "")
        await backend.call(self, backfills.explain_deviation, backfill_id=wanted, code=self.code, text=said)
        return await self._said("backfill_run.said_explained")

    @event(Permission.BACKFILL_RUN)
    async def verify_again(self) -> Any:
        wanted: Any = self._parameter("backfill_id")
        await backend.call(self, backfills.verify_again, backfill_id=wanted)
        return await self._said("backfill_run.said_verifying")

    async def _vote(self, decision: Decision, reason: str | None, said: str) -> Any:
        wanted: Any = {
            "request_id": self.item.get("signoff", ""),
            "digest": self.item.get("digest", ""),
            "decision": decision.value,
            "reason": reason,
        }
        await backend.call(self, approvals.vote, **wanted)
        return await self._said(said)

    async def _said(self, key: str) -> Any:
        self.asking = ""
        await self._read()
        reader = await self._reader()
        return Notices.show("ok", reader.text(key, label=self.item["label"]))

    async def _read(self) -> None:
        wanted: Any = self._parameter("backfill_id")
        (detail, asked), reader = await backend.load(self, _look, backfill_id=wanted), await self._reader()
        one, document = detail.backfill, detail.backfill.verification or {}
        titles = {check.code: check.title.of(reader.locale) for check in detail.definition.checks}
        self.results = [_result(row, titles, reader) for row in document.get("results", ())]
        self.lines, self.came = reconciled(document.get("results", ()), reader)
        self.behind = [row for one in document.get("results", ()) for row in _behind(one, titles, reader)]
        self.differing = [_differing(row, reader) for row in document.get("differing", ())]
        self.aside = [{"key": row["key"], "error": row["error"]} for row in document.get("quarantined", ())]
        self.seats = rows.seat_rows(asked, reader)
        self.item = rows.head_row(one, reader) | _facts(one, asked, self.results, document, reader)
        self.steps = [step.value for step in detail.next_steps]
        self.moving = one.state in _FOLLOWED
        if self.asking and one.state is not BackfillState.AWAITING_SIGNOFF:
            self.asking = ""
        self._done()


def _look(
    uow: UnitOfWork, *, backfill_id: uuid.UUID
) -> tuple[backfills.BackfillDetail, approvals.RequestDetail | None]:
    detail = backfills.backfill_detail(uow, backfill_id=backfill_id)
    request_id = detail.backfill.signoff_request_id
    if request_id is None or not uow.actor.may(Permission.APPROVAL_READ):
        return detail, None
    return detail, approvals.request_detail(uow, request_id=request_id)


def _facts(
    one: backfills.BackfillView,
    asked: approvals.RequestDetail | None,
    results: list[dict[str, str]],
    document: Mapping[str, Any],
    reader: Reader,
) -> dict[str, str]:
    open_ones = [row for row in results if row["held"] == "" and row["why"] == ""]
    may_vote = asked is not None and asked.may_vote and one.state is BackfillState.AWAITING_SIGNOFF
    return {
        "measured": rows.iso_moment(document["measured_at"], reader) if document else "",
        "sampled": reader.number(document.get("sampled", 0)),
        "aside": reader.number(document["aside"]) if document.get("aside") else "",
        "deviating": str(sum(row["held"] == "" for row in results)),
        "unexplained": str(len(open_ones)) if open_ones else "",
        "signoff": str(asked.request.id) if asked else "",
        "digest": asked.request.digest if asked else "",
        "may_vote": "yes" if may_vote else "",
        "obstacle": (asked.obstacle or "") if asked and one.state is BackfillState.AWAITING_SIGNOFF else "",
        "signed_by": one.signed_by_name or "",
        "again": "yes" if one.changed_at is not None and one.undo_reason is None else "",
    }


def _result(row: Mapping[str, Any], titles: Mapping[str, str], reader: Reader) -> dict[str, str]:
    code, explained = row["code"], row.get("explained")
    return {
        "code": code,
        "title": _title(row, titles, reader),
        "before": reader.number(row["before"]) if row.get("before") is not None else UNKNOWN,
        "expected": _figure(row, "expected", reader),
        "found": _figure(row, "found", reader),
        "held": "yes" if row["held"] else "",
        "why": reader.text("backfill_run.said_by", text=explained["text"], person=explained["by"]) if explained else "",
    }


def _figure(row: Mapping[str, Any], side: str, reader: Reader) -> str:
    moved = row.get("money")
    if moved is None:
        return reader.number(row[side])
    return money_text(row[side], moved["currency"], reader, signed=moved["of"] == "money_net")


def _title(row: Mapping[str, Any], titles: Mapping[str, str], reader: Reader) -> str:
    code, looked = row["code"], row.get("reconciliation")
    if looked:
        return named(looked, reader)
    if moved := row.get("money"):
        currency = moved["currency"] or reader.text("backfills.no_currency")
        return reader.text(f"backfill_run.result_{moved['of']}", currency=currency)
    return titles.get(code) or tr(reader.locale, f"backfill_run.result_{code}", default=code)


def _behind(result: Mapping[str, Any], titles: Mapping[str, str], reader: Reader) -> list[dict[str, str]]:
    """The rows that a deviating check names."""
    return [
        {
            "check": _title(result, titles, reader),
            "key": one["key"],
            "shown": ", ".join(f"{name} {shown_value(value, reader)}" for name, value in one["shown"].items())
            or reader.text("backfill_run.deleted_since"),
        }
        for one in result.get("named", ())[:BEHIND_SHOWN]
    ]


def _differing(row: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    return {
        "key": row["key"],
        "expected": ", ".join(shown_value(value, reader) for value in row["expected"]) or UNKNOWN,
        "found": ", ".join(shown_value(value, reader) for value in row["found"]) or UNKNOWN,
    }
