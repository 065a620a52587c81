"""Telling Dev, Ops and Finance, by mail and in the chat: which columns, what money, when, and what came of it."""

from __future__ import annotations

import datetime as dt
import uuid

from services import identity, notifications, reconciliation
from services.backfills.definition import columns_of, definition_named
from services.backfills.models import Backfill
from services.backfills.moved import given_back, has_moved, to_move
from services.backfills.service import as_console
from services.core.db import UnitOfWork
from services.core.figures import number
from services.core.permissions import Permission
from services.core.words import Words

CHAT = "#releases"
_TEAMS = (Permission.APPROVAL_VOTE_DEV, Permission.APPROVAL_VOTE_OPS, Permission.APPROVAL_VOTE_FINANCE)
_HEADS = {
    "planned": Words("Planned: {label} {title}", "Geplant: {label} {title}"),
    "started": Words("Starts now: {label} {title}", "Beginnt jetzt: {label} {title}"),
    "verified": Words("Changed and verified: {label} {title}", "Geändert und geprüft: {label} {title}"),
    "deviates": Words("Changed, with deviations: {label} {title}", "Geändert, mit Abweichungen: {label} {title}"),
    "signed_off": Words("Signed off: {label} {title}", "Unterschrieben: {label} {title}"),
    "rejected": Words("Rejected by Finance: {label} {title}", "Von Finance abgelehnt: {label} {title}"),
    "cancelled": Words("Cancelled: {label} {title}", "Abgebrochen: {label} {title}"),
    "failed": Words("Stands still: {label} {title}", "Steht still: {label} {title}"),
    "rolled_back": Words("Taken back: {label} {title}", "Zurückgenommen: {label} {title}"),
    "emergency": Words("Emergency, being taken back: {label} {title}", "Notfall, wird zurückgenommen: {label} {title}"),
}
_COLUMNS = Words("Columns", "Spalten")
_ROWS = Words("Rows", "Zeilen")
_MONEY = Words("Money, {currency}", "Geld, {currency}")
_MOVED = Words("{gross} moved, {net} net", "{gross} bewegt, {net} im Saldo")
_GIVEN_BACK = Words("{gross} given back, {net} net", "{gross} zurückgegeben, {net} im Saldo")
_KNOWN = {  # where the money of each occasion is known from; nothing is said of any on others
    "planned": (_MOVED, to_move),
    "started": (_MOVED, to_move),
    "verified": (_MOVED, has_moved),
    "deviates": (_MOVED, has_moved),
    "signed_off": (_MOVED, has_moved),
    "rejected": (_MOVED, has_moved),
    "rolled_back": (_GIVEN_BACK, given_back),
}
_WHEN = Words("When", "Wann")
_BY = Words("By", "Durch")
_REASON = Words("Reason", "Begründung")
_RESULT = Words("Result", "Ergebnis")
_AS_SOON = Words("from {at} UTC on, as soon as a window is open", "ab {at} UTC, sobald ein Zeitfenster offen ist")
_OPEN = Words("Open the backfill", "Backfill öffnen")


def announce(
    uow: UnitOfWork, row: Backfill, what: str, *, reason: str | None = None, result: Words | None = None
) -> None:
    """Writes the letters in the caller's transaction, one each for everybody in the three teams and one in the chat."""
    people: dict[uuid.UUID, identity.ContactView] = {}
    for right in _TEAMS:
        people |= {one.id: one for one in identity.holders(as_console(uow), permission=right, entity_id=None)}
    moment = uow.clock.now().isoformat()
    told = [(one.email, one.locale, str(one.id)) for one in people.values()] + [(CHAT, "en", "chat")]
    for recipient, locale, whom in told:
        notifications.send(
            uow,
            recipient=recipient,
            letter=_letter(row, what, locale, by=uow.actor.name, at=uow.clock.now(), reason=reason, result=result),
            purpose=f"backfills.{what}",
            dedup_key=f"backfills/{row.id}/{what}/{moment}/{whom}",
        )


def _letter(
    row: Backfill,
    what: str,
    locale: str,
    *,
    by: str,
    at: dt.datetime,
    reason: str | None,
    result: Words | None,
) -> notifications.Letter:
    definition, frozen = definition_named(row.definition), (row.dry_run or {}).get("frozen") or {}
    label = f"BF-{row.number:04d}"
    when = f"{at:%Y-%m-%d %H:%M} UTC"
    if what == "planned" and row.planned_for is not None:
        when = _AS_SOON.of(locale, at=f"{row.planned_for:%Y-%m-%d %H:%M}")
    facts = [
        (_COLUMNS.of(locale), columns_of(definition)),
        (_ROWS.of(locale), number(frozen["rows"], locale) if frozen else "–"),
        *_money(row, what, locale),
        (_WHEN.of(locale), when),
        (_BY.of(locale), by),
    ]
    facts += [(_RESULT.of(locale), result.of(locale))] if result else []
    facts += [(_REASON.of(locale), reason)] if reason else []
    return notifications.Letter(
        subject=_HEADS[what].of(locale, label=label, title=definition.title.of(locale)),
        paragraphs=(definition.description.of(locale),),
        facts=tuple(facts),
        action=(_OPEN.of(locale), f"/backfills/{row.id}"),
        locale=locale,
    )


def _money(row: Backfill, what: str, locale: str) -> list[tuple[str, str]]:
    """Of each currency all that moves, and what is left of it in the sum."""
    if what not in _KNOWN:
        return []
    said, known = _KNOWN[what]
    told = []
    for one in known(row):
        gross, net = (
            reconciliation.amount_told(minor, one.currency, locale) for minor in (one.gross_minor, one.net_minor)
        )
        told.append((_MONEY.of(locale, currency=one.currency or "–"), said.of(locale, gross=gross, net=net)))
    return told
