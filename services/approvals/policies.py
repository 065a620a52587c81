"""Changing a policy: asked for like anything else, and in force the moment it is approved."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from services import audit
from services.approvals.errors import StalePolicy
from services.approvals.kinds import kind_named
from services.approvals.models import ApprovalPolicy
from services.approvals.policy import as_json, check_tiers, from_json
from services.approvals.queries import request_detail
from services.approvals.reading import policy_of
from services.approvals.service import consume, request
from services.approvals.views import Change, Description, Line, RequestView, Value
from services.approvals.vocabulary import ApprovalKind, Team, Tier
from services.core.db import UnitOfWork
from services.core.errors import Forbidden
from services.core.events import DomainEvent
from services.core.money import Money
from services.core.permissions import Permission
from services.core.words import Words

_TITLE = Words("Change who must agree to: {kind}", "Ändern, wer zustimmen muss: {kind}")
_TEAMS = {
    Team.FINANCE: Words("Finance", "Finance"),
    Team.OPS: Words("Ops", "Ops"),
    Team.DEV: Words("Dev", "Dev"),
}
_STEP = Words("Step {number}: {what}", "Stufe {number}: {what}")
_HOLDS_FROM = Words("holds from", "gilt ab")
_EXPIRES = Words("hours to decide", "Stunden zum Entscheiden")
_ALWAYS = Words("always", "immer")
_ROWS = Words("{rows} rows", "{rows} Zeilen")
_OR = Words(" or ", " oder ")


def propose_policy(uow: UnitOfWork, *, kind: str, base_version: int, tiers: Sequence[Tier]) -> RequestView:
    """Asks for a new version of a kind's policy. Nothing changes until it is approved by the policy for policies.

    Raises Forbidden, BadPolicy, and StalePolicy when `base_version` is not the one that holds.
    """
    uow.actor.require(Permission.APPROVAL_POLICY)
    if uow.actor.grants[Permission.APPROVAL_POLICY].ids is not None:
        raise Forbidden(
            "A policy holds for every entity; your right holds for some of them.",
            permission=str(Permission.APPROVAL_POLICY),
        )
    kind_named(kind)
    check_tiers(tiers)
    if policy_of(uow, kind).version != base_version:
        raise StalePolicy("The policy was changed meanwhile. Look at it again, then propose your change.")
    content = {"policy": kind, "base_version": base_version, "tiers": as_json(tiers)}
    return request(
        uow, kind=POLICY_CHANGE.name, subject_type="approval_policy", subject_id=kind, entity_id=None, content=content
    )


def apply_policy_change(uow: UnitOfWork, event: DomainEvent) -> None:
    """Handler of `approvals.request_approved`: the new version holds from here, in the voter's transaction."""
    if event.data["kind"] != POLICY_CHANGE.name:
        return
    approved = request_detail(uow, request_id=_id(event)).request
    kind, tiers = approved.content["policy"], from_json(approved.content["tiers"])
    former = policy_of(uow, kind)
    if former.version != approved.content["base_version"]:
        raise StalePolicy("The policy was changed meanwhile. Look at it again, then propose your change.")
    consume(uow, request_id=approved.id, content=approved.content)
    row = ApprovalPolicy(
        kind=kind,
        version=former.version + 1,
        tiers=as_json(tiers),
        request_id=approved.id,
        changed_at=uow.clock.now(),
        changed_by_name=approved.requested_by_name,
    )
    uow.session.add(row)
    uow.session.flush()
    audit.record(
        uow,
        action="approvals.policy.changed",
        subject_type="approval_policy",
        subject_id=kind,
        before={"version": former.version, "tiers": as_json(former.tiers)},
        after={"version": row.version, "tiers": row.tiers, "request": str(approved.id)},
    )


def _id(event: DomainEvent) -> uuid.UUID:

    return uuid.UUID(event.subject_id)


def _describe(uow: UnitOfWork, asked: RequestView) -> Description:
    """The steps before and after, line by line, from the signed content and the version it was made upon."""
    title = kind_named(asked.content["policy"]).title
    now = policy_of(uow, asked.content["policy"])
    wanted = from_json(asked.content["tiers"])
    before = now.tiers if now.version == asked.content["base_version"] else ()
    changes = [
        change
        for number in range(max(len(before), len(wanted)))
        for change in _changes(number, _at(before, number), _at(wanted, number))
    ]
    return Description(
        title=Words(_TITLE.of("en", kind=title.en), _TITLE.of("de", kind=title.de)),
        lines=(Line(Words("Version", "Version"), asked.content["base_version"] + 1),),
        changes=tuple(changes),
        consequence=Words(
            "Requests made from then on follow the new rule; those that are open keep the rule they were made under.",
            "Ab dann gestellte Anfragen folgen der neuen Regel; offene behalten die Regel, unter der sie entstanden.",
        ),
        undo=Words("By another change of the policy.", "Durch eine weitere Änderung der Richtlinie."),
        href=f"/approvals/policies?kind={asked.content['policy']}",
    )


def _at(tiers: Sequence[Tier], number: int) -> Tier | None:
    return tiers[number] if number < len(tiers) else None


def _changes(number: int, before: Tier | None, after: Tier | None) -> list[Change]:
    def step(what: Words) -> Words:
        return Words(_STEP.of("en", number=number + 1, what=what.en), _STEP.of("de", number=number + 1, what=what.de))

    pairs: list[tuple[Words, Value, Value]] = [(step(_HOLDS_FROM), _threshold(before), _threshold(after))]
    for team, name in _TEAMS.items():
        pairs.append((step(name), _count(before, team), _count(after, team)))
    pairs.append((step(_EXPIRES), before.expires_hours if before else None, after.expires_hours if after else None))
    return [Change(label, was, will) for label, was, will in pairs if was != will]


def _count(tier: Tier | None, team: Team) -> int | None:
    return tier.quorum.get(team, 0) if tier else None


def _threshold(tier: Tier | None) -> Words | None:
    if tier is None:
        return None
    amounts = [f"{Money(minor, currency).major} {currency}" for currency, minor in sorted(tier.from_amount.items())]
    parts = [Words(amount, amount) for amount in amounts]
    if tier.from_rows is not None:
        parts.append(Words(_ROWS.of("en", rows=tier.from_rows), _ROWS.of("de", rows=tier.from_rows)))
    if not parts:
        return _ALWAYS
    return Words(_OR.en.join(part.en for part in parts), _OR.de.join(part.de for part in parts))


POLICY_CHANGE = ApprovalKind(
    name="approvals.policy",
    title=Words("Approval policies", "Freigaberichtlinien"),
    tiers=(Tier(quorum={Team.FINANCE: 1}, expires_hours=168),),
    describe=_describe,
)
