"""Backfills as the reader reads them."""

from __future__ import annotations

import datetime as dt

from console import routes
from console.design.format import UNKNOWN, Reader
from console.design.texts import refusal
from console.kit.deciding import decided_line, teams_line
from services import approvals
from services.backfills import BackfillRow, BackfillState, BackfillView, DefinitionView, Risk
from services.core.money import Money


def list_row(row: BackfillRow, reader: Reader) -> dict[str, str]:
    return {
        "id": str(row.id),
        "href": routes.to(routes.BACKFILL, backfill_id=row.id),
        "label": row.label,
        "title": row.title.of(reader.locale),
        "state": row.state.value,
        "rows": UNKNOWN if row.rows is None else reader.number(row.rows),
        "by": row.created_by_name,
        "at": reader.moment(row.created_at),
        "started": reader.moment(row.started_at),
    }


def definition_row(one: DefinitionView, reader: Reader) -> dict[str, str]:
    checks = ", ".join(check.title.of(reader.locale) for check in one.checks)
    unnamed = "checks_by_params" if one.params.get("required") else "no_checks"
    return {
        "name": one.name,
        "version": str(one.version),
        "title": one.title.of(reader.locale),
        "description": one.description.of(reader.locale),
        "owner": one.owner,
        "table": one.table,
        "columns": ", ".join(one.columns),
        "params": ", ".join(one.params.get("properties", {})) or reader.text("backfills.no_params"),
        "checks": checks or reader.text(f"backfills.{unnamed}"),
        "compared": ", ".join(reader.text(f"reconciliation.definition_{name}") for name in one.reconciliations),
        "flag": one.flag,
        "database": one.database,
        "undoable": "yes" if one.undoable else "",
        "limit": reader.number(one.quarantine_limit),
        "runbook": one.runbook.of(reader.locale),
        "draft": routes.to(routes.BACKFILL_DRAFT, query={"definition": one.name}),
        "list": routes.to(routes.BACKFILLS, query={"definition": one.name}),
    }


def head_row(one: BackfillView, reader: Reader) -> dict[str, str]:
    """What the head of a record's pages shows."""
    return {
        "id": str(one.id),
        "label": one.label,
        "title": one.title.of(reader.locale),
        "state": one.state.value,
        "definition": one.definition,
        "version": str(one.version),
        "by": one.created_by_name,
        "at": reader.moment(one.created_at),
        "started": reader.moment(one.started_at) if one.started_at else "",
        "started_by": one.started_by_name or "",
        "ended": reader.moment(one.ended_at) if one.ended_at else "",
        "problem": _problem(one, reader),
        "rows": UNKNOWN if one.predicted is None else reader.number(one.predicted),
        "edit": routes.to(routes.BACKFILL_DRAFT, query={"backfill": str(one.id)}),
        "request": routes.to(routes.APPROVAL, request_id=one.request_id) if one.request_id else "",
    }


def _problem(one: BackfillView, reader: Reader) -> str:
    """Why it stands still; what somebody gave as a reason says for what."""
    if one.problem and one.state in (BackfillState.CANCELLED, BackfillState.DISCARDED):
        return reader.text(f"backfills.why_{one.state.value}", reason=one.problem)
    return told(one.problem, reader) if one.problem else ""


def told(sentence: str, reader: Reader) -> str:
    """A sentence of the service in the reader's language, as it is where nobody translated it."""
    return refusal(reader.locale, sentence) or sentence


def iso_moment(text: str, reader: Reader) -> str:
    """A moment as the documents of a backfill hold it."""
    return reader.moment(dt.datetime.fromisoformat(text))


def seat_rows(asked: approvals.RequestDetail | None, reader: Reader) -> list[dict[str, str]]:
    """One line a signature that the policy asks for."""
    return [_seat(seat, reader) for seat in asked.seats] if asked else []


def rule_rows(tiers: tuple[approvals.Tier, ...], reader: Reader) -> list[dict[str, str]]:
    """Who has to agree from which threshold on."""
    return [{"from": _threshold(tier, reader), "teams": teams_line(tier, reader)} for tier in tiers]


def risk_line(found: Risk | None, reader: Reader) -> str:
    """What decides over who has to agree; empty before a dry run."""
    if found is None:
        return ""
    return reader.text("approvals.decided_closed") if found.closed else decided_line(found.standing, reader)


def _seat(seat: approvals.SeatView, reader: Reader) -> dict[str, str]:
    team = reader.text(f"approvals.team_{seat.team.value}")
    if seat.vote is None:
        names = ", ".join(seat.may_take)
        said = reader.text("approvals.seat_may", people=names) if names else reader.text("approvals.seat_nobody")
        return {"name": "", "caption": reader.text("approvals.seat_missing", team=team), "when": "", "said": said}
    vote = seat.vote
    return {"name": vote.voter_name, "caption": team, "when": reader.moment(vote.cast_at), "said": vote.reason or ""}


def _threshold(tier: approvals.Tier, reader: Reader) -> str:
    parts = [reader.text("approvals.rows_from", rows=reader.number(tier.from_rows))] if tier.from_rows else []
    for currency, minor in sorted(tier.from_amount.items()):
        parts.append(reader.money(Money(minor, currency)))
    return reader.text("approvals.or").join(parts) or reader.text("approvals.always")
