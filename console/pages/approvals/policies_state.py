"""The rules that hold, and the draft of a change to one of them."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx

from console import routes
from console.design.format import Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.deciding import teams_line
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.pages.approvals import rows
from services import approvals
from services.approvals import PolicyView, Team, Tier
from services.core.errors import Invalid
from services.core.money import Money
from services.core.permissions import Permission

_FIELDS = frozenset({"amounts", "rows", "hours", *(team.value for team in Team)})
_MOST = 5


class PolicyItem(TypedDict):
    kind: str
    title: str
    version: str
    changed: str
    waiting: str
    steps: list[dict[str, str]]


class ApprovalPolicies(PageState, rx.State):
    """One card a kind; the dialog holds a draft until it is asked for."""

    items: rx.Field[list[PolicyItem]] = rx.field(default_factory=list)
    kind: str = ""
    kind_title: str = ""
    draft: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    _version: int = 0

    @event(Permission.APPROVAL_READ)
    async def load(self) -> None:
        found = await backend.load(self, approvals.policies)
        reader = await self._reader()
        self.items = [_item(policy, reader) for policy in found]
        self._done()

    @event(Permission.APPROVAL_POLICY)
    async def edit(self, kind: str) -> None:
        found = await backend.call(self, approvals.policies)
        reader = await self._reader()
        for policy in found:
            if policy.kind == kind:
                self.kind, self.kind_title = kind, policy.title.of(reader.locale)
                self._version = policy.version
                self.draft = [_as_draft(tier) for tier in policy.tiers]

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.kind = self.kind if open_ else ""

    @event(Permission.APPROVAL_POLICY)
    async def change(self, index: int, name: str, value: str) -> None:
        """One field of one step was typed."""
        if name in _FIELDS and str(index).isdigit() and int(index) < len(self.draft):
            steps = [dict(step) for step in self.draft]
            steps[int(index)][name] = str(value)[:200]
            self.draft = steps

    @event(Permission.APPROVAL_POLICY)
    async def add_step(self) -> None:
        if 0 < len(self.draft) < _MOST:
            self.draft = [*self.draft, {**self.draft[-1], "amounts": "", "rows": ""}]

    @event(Permission.APPROVAL_POLICY)
    async def remove_step(self) -> None:
        if len(self.draft) > 1:
            self.draft = self.draft[:-1]

    @event(Permission.APPROVAL_POLICY)
    async def propose(self) -> Any:
        wanted: Any = {
            "kind": self.kind,
            "base_version": self._version,
            "tiers": [_as_tier(step) for step in self.draft],
        }
        asked = await backend.call(self, approvals.propose_policy, **wanted)
        self.kind = ""
        reader = await self._reader()
        return [
            Notices.show("ok", reader.text("approvals.said_proposed")),
            rx.redirect(routes.to(routes.APPROVAL, request_id=asked.id)),
        ]


def _item(policy: PolicyView, reader: Reader) -> PolicyItem:
    changed = reader.text("approvals.policy_builtin")
    if policy.changed_at is not None:
        changed = reader.text(
            "approvals.policy_changed", when=reader.moment(policy.changed_at), person=policy.changed_by_name or ""
        )
    waiting = policy.open_request
    return PolicyItem(
        kind=policy.kind,
        title=policy.title.of(reader.locale),
        version=reader.text("approvals.policy_version", version=reader.number(policy.version)),
        changed=changed,
        waiting=routes.to(routes.APPROVAL, request_id=waiting) if waiting else "",
        steps=[
            {
                "step": reader.number(number),
                "from": rows.threshold_line(tier, reader),
                "teams": teams_line(tier, reader),
                "hours": reader.text("approvals.hours", hours=reader.number(tier.expires_hours)),
            }
            for number, tier in enumerate(policy.tiers, start=1)
        ],
    )


def _as_draft(tier: Tier) -> dict[str, str]:
    amounts = [f"{Money(minor, currency).major} {currency}" for currency, minor in sorted(tier.from_amount.items())]
    return {
        "amounts": ", ".join(amounts),
        "rows": str(tier.from_rows or ""),
        "hours": str(tier.expires_hours),
        **{team.value: str(tier.quorum.get(team, 0)) for team in Team},
    }


def _as_tier(step: dict[str, str]) -> Tier:
    """What was typed as a step. Raises Invalid for what is no number and no amount."""
    thresholds: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in step["amounts"].split(","))):
        number, _, currency = part.rpartition(" ")
        thresholds[currency.upper()] = Money.parse(number, currency.upper()).minor
    try:
        return Tier(
            quorum={team: int(step[team.value] or 0) for team in Team if int(step[team.value] or 0)},
            expires_hours=int(step["hours"]),
            from_amount=thresholds,
            from_rows=int(step["rows"]) if step["rows"].strip() else None,
        )
    except ValueError as error:
        raise Invalid("A step takes whole numbers: people, rows, and 1 to 2,160 hours to decide.") from error
