"""Match groups: the list, what people decided, and one with its entries."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import PAGE_SIZE
from console.design.format import Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import ListState, PageState
from console.kit.shell_state import Shell
from console.pages.reconciliation.rows import short_key
from services import reconciliation
from services.core.money import Money
from services.core.permissions import Permission
from services.reconciliation import DecisionView, MatchFilter, MatchMemberView, MatchRow


def match_row(item: MatchRow, names: dict[str, str], reader: Reader) -> dict[str, str]:
    left = ", ".join(reader.signed_money(Money(minor, currency)) for currency, minor in sorted(item.residuals.items()))
    return {
        "id": str(item.id),
        "name": reader.text("matches.name", id=item.id),
        "href": routes.to(routes.RECONCILIATION_MATCH, match_id=item.id),
        "rule": item.rule,
        "rule_text": reader.text(f"matches.rule_{item.rule}", default=item.rule),
        "sides": reader.text("matches.sides", left=item.left, right=item.right),
        "confidence": reader.percent(item.confidence / 100, decimals=0),
        "unsure": "yes" if item.confidence < 90 else "",
        "why": item.why,
        "runner_up": item.runner_up or "",
        "residual": left,
        "entity": names.get(str(item.entity_id), ""),
        "definition": reader.text(f"reconciliation.definition_{item.definition.value}"),
    }


def _decision(item: DecisionView, reader: Reader) -> dict[str, str]:
    return {
        "id": str(item.id),
        "what": reader.text(f"matches.kind_{item.kind}"),
        "keys": ", ".join(short_key(key) for key in item.keys[:4]) + (" …" if len(item.keys) > 4 else ""),
        "reason": item.reason,
        "by": item.made_by_name,
        "at": reader.moment(item.made_at),
        "withdrawn": reader.text("matches.withdrawn", name=item.withdrawn_by_name) if item.withdrawn_at else "",
    }


def _member(item: MatchMemberView, reader: Reader) -> dict[str, str]:
    used = item.allocated_minor
    return {
        "side": reader.text(f"matches.side_{item.side}"),
        "key": item.key,
        "day": reader.date(item.booked_on) if item.booked_on else "—",
        "amount": reader.amount(Money(item.amount_minor, item.currency)),
        "allocated": "" if used is None or used == item.amount_minor else reader.amount(Money(used, item.currency)),
        "currency": item.currency,
    }


class MatchList(ListState, rx.State):
    """Standing matches, the newest first."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    rules: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    decided: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        after = query.get("after", "")
        wanted = MatchFilter.from_address(query)
        page = await backend.load(
            self,
            reconciliation.match_page,
            filter=wanted,
            before=int(after) if after.isdigit() and len(after) < 19 else None,
            limit=PAGE_SIZE,
        )
        self.entities = [
            {"value": item["id"], "label": item["name"]} for item in (await self.get_state(Shell)).entities
        ]
        names = {item["value"]: item["label"] for item in self.entities}
        self.rows = [match_row(item, names, reader) for item in page.rows]
        counts = await backend.load(self, reconciliation.match_rules, filter=MatchFilter())
        self.rules = [{"value": rule, "label": rule, "count": reader.number(n)} for rule, n in counts.items()]
        below = self._below()
        decided = await backend.load(self, reconciliation.decisions, limit=PAGE_SIZE + 1, offset=below)
        self.decided = [_decision(item, reader) for item in decided[:PAGE_SIZE]]
        self._listed_below(below, step=PAGE_SIZE, more=len(decided) > PAGE_SIZE)
        self._listed(
            range_label=reader.text("matches.range", count=len(self.rows)), older=str(page.older) if page.older else ""
        )


class MatchPage(PageState, rx.State):
    """One match with its entries, and the way to take it apart."""

    item: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    members: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    stands: bool = True
    asking: bool = False

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        wanted: Any = self._parameter("match_id")
        found = await backend.load(self, reconciliation.match_sheet, match_id=wanted)
        reader = await self._reader()
        names = {item["id"]: item["name"] for item in (await self.get_state(Shell)).entities}
        self.item = match_row(found.row, names, reader)
        self.members = [_member(item, reader) for item in found.members]
        self.stands, self.asking = found.stands, False
        self._done()

    @event(Permission.BREAK_WORK)
    async def ask(self) -> None:
        self.asking = True

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = bool(open_)

    @event(Permission.BREAK_WORK)
    async def take_apart(self, form: dict[str, Any]) -> Any:
        """Says that the match is wrong: a new decision, never an overwrite."""
        wanted: Any = self.item.get("id", "")
        await backend.call(self, reconciliation.take_apart, match_id=wanted, reason=str(form.get("reason", "")))
        reader = await self._reader()
        yield Notices.show("ok", reader.text("matches.apart_done"))
        yield MatchPage.load
