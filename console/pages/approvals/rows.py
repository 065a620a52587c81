"""Requests, votes and policies as the reader reads them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from console import routes
from console.design.format import UNKNOWN, Reader
from console.kit.deciding import teams_line
from services import approvals
from services.approvals import RequestView, Team, Tier, VoteView
from services.core.money import Money
from services.core.words import Words

Names = Mapping[uuid.UUID, str]


def request_row(item: RequestView, entities: Names, reader: Reader) -> dict[str, str]:
    amount = item.amount
    return {
        "id": str(item.id),
        "href": routes.to(routes.APPROVAL, request_id=item.id),
        "number": f"A-{item.number}",
        "title": item.title.of(reader.locale),
        "kind": kind_title(item.kind, reader),
        "asked_by": asker(item, reader),
        "asked_at": reader.moment(item.requested_at),
        "amount": reader.amount(amount) if amount else "",
        "currency": amount.currency if amount else "",
        "entity": entity_name(item.entity_id, entities, reader),
        "agreements": reader.text(
            "approvals.agreements_of", count=reader.number(item.votes), seats=reader.number(item.seats)
        ),
        "expires": reader.moment(item.expires_at) if item.ended_at is None else reader.moment(item.ended_at),
        "state": item.state.value,
    }


def asker(item: RequestView, reader: Reader) -> str:
    return reader.text("approvals.console") if item.requested_by == approvals.NOBODY else item.requested_by_name


def kind_title(name: str, reader: Reader) -> str:
    return approvals.kind_named(name).title.of(reader.locale)


def kind_choices(reader: Reader) -> list[dict[str, str]]:
    return [{"value": kind.name, "label": kind.title.of(reader.locale)} for kind in approvals.declared_kinds()]


def entity_name(entity_id: uuid.UUID | None, entities: Names, reader: Reader) -> str:
    return reader.text("approvals.every_entity") if entity_id is None else entities.get(entity_id, UNKNOWN)


def value(given: Any, reader: Reader) -> str:
    """A value of a description in the reader's writing."""
    if isinstance(given, Words):
        return given.of(reader.locale)
    if isinstance(given, dt.datetime):
        return reader.moment(given)
    if isinstance(given, Money | int | dt.date):
        write = {Money: reader.money, int: reader.number}.get(type(given), reader.date)
        return write(given)
    return reader.text("approvals.absent") if given is None else str(given)


def team_name(team: Team, reader: Reader) -> str:
    return reader.text(f"approvals.team_{team.value}")


def rule_line(item: RequestView, reader: Reader) -> str:
    """Who has to agree, and by which version of the rule."""
    version = reader.text("approvals.policy_line_version", version=reader.number(item.policy_version))
    told = version if item.policy_version else reader.text("approvals.policy_line_delivered")
    return f"{teams_line(item.tier, reader)}, {told}"


def threshold_line(tier: Tier, reader: Reader) -> str:
    parts = [reader.money(Money(minor, currency)) for currency, minor in sorted(tier.from_amount.items())]
    if tier.from_rows is not None:
        parts.append(reader.text("approvals.rows_from", rows=reader.number(tier.from_rows)))
    return reader.text("approvals.or").join(parts) or reader.text("approvals.always")


def seat_row(seat: approvals.SeatView, reader: Reader) -> dict[str, str]:
    team = team_name(seat.team, reader)
    if seat.vote is not None:
        return {
            "name": voter(seat.vote, reader),
            "caption": team,
            "when": reader.moment(seat.vote.cast_at),
            "said": seat.vote.reason or "",
        }
    may = ", ".join(seat.may_take)
    said = reader.text("approvals.seat_may", people=may) if may else reader.text("approvals.seat_nobody")
    return {"name": "", "caption": reader.text("approvals.seat_missing", team=team), "when": "", "said": said}


def voter(vote: VoteView, reader: Reader) -> str:
    if vote.represented_name is None:
        return vote.voter_name
    return reader.text("approvals.in_place_of", person=vote.voter_name, absent=vote.represented_name)


def cover_row(item: approvals.DelegationView, today: dt.date, reader: Reader) -> dict[str, str]:
    state = "active" if item.active else "coming" if item.starts_on > today else "over"
    return {
        "id": str(item.id),
        "of": item.from_name,
        "by": item.to_name,
        "days": reader.text(
            "approvals.cover_days_of", first=reader.date(item.starts_on), last=reader.date(item.ends_on)
        ),
        "reason": item.reason,
        "state": "revoked" if item.revoked_at else state,
    }
