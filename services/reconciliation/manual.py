"""People's own matches: entries that belong together though no rule says so, and pairs that a rule got wrong.

A decision is a row that is withdrawn, never overwritten; runs work by the decisions that stand when they are made.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, text, update

from services import audit
from services.core.actor import Subject
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Invalid, NotFound
from services.core.money import Money
from services.core.permissions import Permission
from services.reconciliation.breakwork import require_work
from services.reconciliation.errors import ReasonMissing
from services.reconciliation.leftovers import Found, copy_groups
from services.reconciliation.models import Break, Source
from services.reconciliation.models_match import Match, MatchMember
from services.reconciliation.models_rules import Decision
from services.reconciliation.pairing import Item
from services.reconciliation.policy import REASON_LENGTH, reason_suffices
from services.reconciliation.scene import Scene
from services.reconciliation.vocabulary import SIDES, Definition

_MOST = 50
_PRESENT = """
SELECT m.side, m.key, m.occurrence, m.minor, e.amount_minor, e.currency, e.booked_on,
       CASE WHEN f.left_key IS NULL THEN f.right_minor WHEN f.right_key IS NULL THEN f.left_minor
            ELSE e.amount_minor END AS remaining
FROM jsonb_to_recordset(CAST(:members AS jsonb)) AS m (side text, key text, occurrence int, minor bigint)
JOIN recon_entry e ON e.ext_key = m.key AND e.occurrence = m.occurrence
     AND e.source_id = CASE m.side WHEN 'left' THEN :left ELSE :right END
JOIN recon_found f ON (f.subject_key = m.key AND f.occurrence = m.occurrence) OR f.right_key = m.key
WHERE e.booked_on <= :through
"""
# What a group takes of an entry that stands alone no longer stands; the rest of it does, as the same break.
_REDUCE = """
UPDATE recon_found f SET left_minor = f.left_minor - g.part, right_minor = f.right_minor - g.part,
       delta_minor = f.delta_minor - CASE g.side WHEN 'left' THEN g.part ELSE -g.part END
FROM (SELECT side, ext_key, occurrence, allocated_minor AS part FROM recon_group_now WHERE fingerprint = :fingerprint) g
WHERE f.subject_key = g.ext_key AND f.occurrence = g.occurrence AND (f.left_key IS NULL OR f.right_key IS NULL)
"""
_TAKE = """
DELETE FROM recon_found f USING recon_group_now g
WHERE g.fingerprint = :fingerprint
  AND ((f.subject_key = g.ext_key AND f.occurrence = g.occurrence) OR f.right_key = g.ext_key)
  AND ((f.left_key IS NOT NULL AND f.right_key IS NOT NULL) OR coalesce(f.left_minor, f.right_minor) = 0)
"""
_DISSOLVE = """
WITH gone AS (DELETE FROM recon_group_now WHERE fingerprint = ANY(:fingerprints) RETURNING *)
INSERT INTO recon_found (subject_key, occurrence, break_class, left_key, left_minor, left_currency, right_key,
                         right_minor, right_currency, delta_minor, currency, booked_on)
SELECT g.ext_key, g.occurrence, CASE g.side WHEN 'left' THEN 'missing_right' ELSE 'missing_left' END,
       CASE g.side WHEN 'left' THEN g.ext_key END, CASE g.side WHEN 'left' THEN g.amount_minor END,
       CASE g.side WHEN 'left' THEN g.currency END, CASE g.side WHEN 'right' THEN g.ext_key END,
       CASE g.side WHEN 'right' THEN g.amount_minor END, CASE g.side WHEN 'right' THEN g.currency END,
       CASE g.side WHEN 'left' THEN g.amount_minor ELSE -g.amount_minor END, g.currency, e.booked_on
FROM gone g JOIN recon_entry e USING (source_id, ext_key, occurrence)
"""


def match_by_hand(
    uow: UnitOfWork, *, numbers: Sequence[int], reason: str, force: bool = False, parts: Mapping[int, int] | None = None
) -> uuid.UUID:
    """Says that the entries of two or more breaks belong together; the next run groups them.

    `parts` splits: of the break it names, only so many minor units (without sign) belong to the group, and the rest
    stays open under the same number, for another group. Only what stands on one side can be split.

    They are of one definition and legal entity and stand on both sides. What they add up to must be equal in every
    currency, unless `force` says that the rest is known: it stays visible as the group's residual. A reason of at
    least eight characters is needed. Raises Forbidden when a role allows neither these breaks nor such a residual.
    """
    scope = uow.actor.reach(Permission.BREAK_WORK)
    wanted = sorted(set(map(int, numbers)))
    if not reason_suffices(reason):
        raise ReasonMissing(f"Say in at least {REASON_LENGTH} characters why they belong together.")
    if not 1 <= len(wanted) <= _MOST:
        raise Invalid(f"Choose at most {_MOST} breaks.")
    rows = uow.session.scalars(select(Break).where(Break.number.in_(wanted), scope.allows(Break.entity_id))).all()
    if len(rows) != len(wanted) or any(row.closed_seq is not None for row in rows):
        raise NotFound("One of these breaks does not exist in your entities, or no run finds it any more.")
    if len({(row.entity_id, row.definition) for row in rows}) != 1:
        raise Invalid("Only breaks of one definition and one legal entity can belong together.")
    members, residuals = _members(rows, _checked(rows, parts or {}))
    for row in rows:
        for currency, minor in residuals.items():
            require_work(uow, row, Money(minor, currency))
    if not force and any(residuals.values()):
        raise Conflict("The two sides do not add up to the same. Force it if the rest is known.", residuals=residuals)
    decision = Decision(
        entity_id=rows[0].entity_id,
        definition=rows[0].definition,
        kind="forced" if force else "match",
        members=members,
        residuals=residuals,
        reason=reason.strip(),
        made_by=uow.actor.id,
        made_by_name=uow.actor.name,
        made_at=uow.clock.now(),
    )
    return _decide(uow, decision, "matched")


def take_apart(uow: UnitOfWork, *, match_id: int, reason: str) -> uuid.UUID:
    """Says that a group of a run is wrong: later runs leave these entries apart. The group itself stays in history.

    A group made by hand ends by withdrawing the decision behind it. What comes apart is nobody's, so that a role
    narrowed to one's own breaks, or one's team's, does not allow it.
    """
    scope = uow.actor.reach(Permission.BREAK_WORK)
    if not reason_suffices(reason):
        raise ReasonMissing(f"Say in at least {REASON_LENGTH} characters why they do not belong together.")
    group = uow.session.scalar(
        select(Match).where(Match.id == match_id, Match.closed_seq.is_(None), scope.allows(Match.entity_id))
    )
    if group is None:
        raise NotFound("There is no such group that still stands in the entities you may work in.")
    rows = uow.session.scalars(select(MatchMember).where(MatchMember.match_id == match_id)).all()
    _require_all(uow, group, rows)
    if group.rule == "M-10":
        return _withdraw_behind(uow, group, rows, reason.strip())
    decision = Decision(
        entity_id=group.entity_id,
        definition=group.definition,
        kind="apart",
        members=[{"side": row.side, "key": row.ext_key, "occurrence": row.occurrence} for row in rows],
        residuals={"fingerprint": group.fingerprint},
        reason=reason.strip(),
        made_by=uow.actor.id,
        made_by_name=uow.actor.name,
        made_at=uow.clock.now(),
    )
    return _decide(uow, decision, "taken_apart")


def _require_all(uow: UnitOfWork, group: Match, rows: Sequence[MatchMember]) -> None:
    """Every amount of the group lies within what a role limits work to."""
    for row in rows:
        about = Subject(amount=Money(row.amount_minor, row.currency))
        uow.actor.require(Permission.BREAK_WORK, group.entity_id, subject=about)


def standing(uow: UnitOfWork, *, entity_id: uuid.UUID, definition: Definition) -> list[Decision]:
    """The decisions that hold, in the order they were made."""
    uow.actor.require(Permission.RECONCILIATION_READ, entity_id)
    return list(
        uow.session.scalars(
            select(Decision)
            .where(Decision.entity_id == entity_id, Decision.definition == definition, Decision.withdrawn_at.is_(None))
            .order_by(Decision.made_at, Decision.id)
        )
    )


def apply(uow: UnitOfWork, scene: Scene, decisions: Sequence[Decision], *, entity_id: uuid.UUID) -> None:
    """Lets the decisions that hold overrule what the rules found in this run.

    None is made or withdrawn while a run holds the rows of both feeds, so that a look at its beginning suffices.
    """
    uow.actor.require(Permission.RECONCILIATION_RUN, entity_id)
    apart = [row.residuals["fingerprint"] for row in decisions if row.kind == "apart"]
    if apart:
        uow.session.execute(text(_DISSOLVE), {"fingerprints": apart})
    for decision in (row for row in decisions if row.kind != "apart"):
        group = _group(uow, scene, decision)
        if group is not None:
            copy_groups(uow, [group], scene)
            for statement in (_REDUCE, _TAKE):
                uow.session.execute(text(statement), {"fingerprint": group.fingerprint})


def _group(uow: UnitOfWork, scene: Scene, decision: Decision) -> Found | None:
    """The decision as a group, None where one of its entries is gone, agrees with another or is used up by now."""
    values = scene.values | {"members": json.dumps(decision.members)}
    rows = uow.session.execute(text(_PRESENT), values).all()
    if len(rows) != len(decision.members):
        return None
    sides: dict[str, list[Item]] = defaultdict(list)
    for row in rows:
        part = row.remaining if row.minor is None else row.minor
        if abs(part) > abs(row.remaining) or part * row.remaining < 0 or (row.amount_minor and not part):
            return None
        name = f"{row.key}#{row.occurrence}"
        sides[row.side].append(Item(name, row.amount_minor, row.currency, row.booked_on, part=part))
    why = f"by {decision.made_by_name}: {decision.reason}"
    return Found("M-10", 100, why, tuple(sides["left"]), tuple(sides["right"]))


def _checked(rows: Sequence[Break], parts: Mapping[int, int]) -> Mapping[int, int]:
    """The parts, each of a chosen break that stands on one side, above nothing and at most all of it."""
    for number, minor in parts.items():
        row = next((row for row in rows if row.number == number), None)
        whole = abs((row.left_minor if row.right_key is None else row.right_minor) or 0) if row else 0
        if row is None or (row.left_key is not None and row.right_key is not None) or not 0 < minor <= whole:
            raise Invalid(f"A part of B-{number} lies between 1 and {whole} minor units of what stands on one side.")
    return parts


def _members(rows: Sequence[Break], parts: Mapping[int, int]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    members, residuals = [], defaultdict(int)
    for row in rows:
        for side, key, minor, currency, sign in (
            ("left", row.left_key, row.left_minor, row.left_currency, 1),
            ("right", row.right_key, row.right_minor, row.right_currency, -1),
        ):
            if key is None or minor is None or currency is None:
                continue
            member: dict[str, Any] = {"side": side, "key": key}
            member["occurrence"] = row.occurrence if key == row.subject_key else 0
            part = parts.get(row.number)
            if part is not None:
                member["minor"] = part if minor > 0 else -part
            members.append(member)
            residuals[currency] += sign * member.get("minor", minor)
    return members, dict(residuals)


def _decide(uow: UnitOfWork, decision: Decision, verb: str) -> uuid.UUID:
    uow.session.add(decision)
    uow.session.flush()
    kinds = [kind.value for kind in SIDES[Definition(decision.definition)]]
    sources = update(Source).where(Source.entity_id == decision.entity_id, Source.kind.in_(kinds))
    uow.session.execute(sources.values(all_dirty=True))
    audit.record(
        uow,
        action=f"reconciliation.entries.{verb}",
        subject_type="reconciliation_decision",
        subject_id=decision.id,
        entity_id=decision.entity_id,
        after={"members": decision.members, "residuals": decision.residuals},
        reason=decision.reason,
    )
    return decision.id


def _withdraw_behind(uow: UnitOfWork, group: Match, rows: Sequence[MatchMember], reason: str) -> uuid.UUID:
    keys = {(row.side, row.ext_key, row.occurrence) for row in rows}
    for decision in standing(uow, entity_id=group.entity_id, definition=Definition(group.definition)):
        if {(m["side"], m["key"], m["occurrence"]) for m in decision.members} == keys:
            decision.withdrawn_at, decision.withdrawn_by_name = uow.clock.now(), uow.actor.name
            decision.withdrawn_reason = reason
            return _decide(uow, decision, "taken_apart")
    raise NotFound("The decision behind this group was withdrawn already.")
