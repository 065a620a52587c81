"""What people are told: by mail in their own language, in chat in English."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from babel.dates import format_datetime
from babel.numbers import format_currency

from services import identity, notifications
from services.approvals.authority import holders, open_seats, stand_ins
from services.approvals.models import ApprovalDelegation, ApprovalRequest
from services.approvals.reading import votes_of
from services.approvals.vocabulary import CHAT, Decision, RequestState, Team
from services.core.clock import UTC
from services.core.db import UnitOfWork
from services.core.figures import days, locale_of, number
from services.core.money import Money
from services.core.words import Words
from services.notifications import Letter

_OPEN = Words("Open the request", "Anfrage öffnen")
_NUMBER = Words("Request", "Anfrage")
_AMOUNT = Words("Amount", "Betrag")
_ROWS = Words("Rows", "Zeilen")
_ASKED_BY = Words("Asked by", "Gestellt von")
_UNTIL = Words("Decide by", "Zu entscheiden bis")
_WAITS = Words("Waiting for you: {title}", "Wartet auf Sie: {title}")
_WAITS_BODY = Words(
    "Your agreement is asked for. Look at what will happen before you decide.",
    "Ihre Zustimmung ist gefragt. Sehen Sie sich an, was geschehen wird, und entscheiden Sie dann.",
)
_SOON = Words("Expires soon: {title}", "Läuft bald ab: {title}")
_SOON_BODY = Words(
    "Nobody can agree to it after that; it would have to be asked for again.",
    "Danach kann niemand mehr zustimmen; es müsste neu angefragt werden.",
)
_VOTED = Words("{person} agreed: {title}", "{person} hat zugestimmt: {title}")
_VOTED_BODY = Words("{count} of {seats} agreements are there.", "{count} von {seats} Zustimmungen liegen vor.")
_REASON = Words("Reason: {reason}", "Begründung: {reason}")
_ENDS = {
    RequestState.APPROVED: Words("Approved: {title}", "Genehmigt: {title}"),
    RequestState.CONSUMED: Words("Approved and done: {title}", "Genehmigt und ausgeführt: {title}"),
    RequestState.REJECTED: Words("Rejected: {title}", "Abgelehnt: {title}"),
    RequestState.WITHDRAWN: Words("Withdrawn: {title}", "Zurückgezogen: {title}"),
    RequestState.EXPIRED: Words("Expired: {title}", "Abgelaufen: {title}"),
}
_ENDED_BODY = Words("Nothing further is asked of you.", "Von Ihnen wird nichts mehr erwartet.")
_COVER = Words("You stand in for {person}", "Sie vertreten {person}")
_COVER_BODY = Words(
    "On these days you may vote in their place, never on what they or you have asked for, and you cannot hand it on.",
    "An diesen Tagen können Sie für sie abstimmen, nie über eigene Anfragen der beiden, und es nicht weitergeben.",
)
_COVER_ENDED = Words("{to} no longer stands in for {person}", "{to} vertritt {person} nicht mehr")
_COVER_ENDED_BODY = Words(
    "{by} has ended the cover. Votes that were cast stay.",
    "{by} hat die Vertretung beendet. Abgegebene Stimmen bleiben.",
)
_COVER_DAYS = Words("Days", "Tage")
_COVER_REASON = Words("Reason", "Begründung")
_COVER_OPEN = Words("Open cover", "Vertretung öffnen")


def on_cover(uow: UnitOfWork, row: ApprovalDelegation) -> None:
    """Tells the stand-in of cover that was made, and of cover that was ended both people but who ended it."""
    ended = row.revoked_at is not None
    whom = {row.from_id, row.to_id} if ended else {row.to_id}
    head, body = (_COVER_ENDED, _COVER_ENDED_BODY) if ended else (_COVER, _COVER_BODY)
    named = {"person": row.from_name, "to": row.to_name, "by": row.revoked_by_name}
    covered = days(row.starts_on.isoformat(), row.ends_on.isoformat())
    for person in identity.contacts(uow, user_ids=sorted(whom - {uow.actor.id})):
        locale = person.locale
        letter = Letter(
            subject=head.of(locale, **named),
            paragraphs=(body.of(locale, **named),),
            facts=((_COVER_DAYS.of(locale), covered.of(locale)), (_COVER_REASON.of(locale), row.reason)),
            action=(_COVER_OPEN.of(locale), "/approvals/cover"),
            locale=locale,
        )
        notifications.send(
            uow,
            recipient=person.email,
            letter=letter,
            purpose="approvals.cover",
            dedup_key=f"approvals/cover/{row.id}/{'ended' if ended else 'made'}/{person.id}",
        )


def on_request(uow: UnitOfWork, row: ApprovalRequest) -> None:
    """Tells everybody who could agree, and the chat."""
    _each(uow, row, _who_could(uow, row), what="requested", head=_WAITS, body=[_WAITS_BODY])
    _chat(uow, row, "requested", _WAITS)


def on_expiring(uow: UnitOfWork, row: ApprovalRequest) -> None:
    """Tells those who could still agree, and the requester, that time is running out."""
    _each(uow, row, _who_could(uow, row) | _requester(row), what="expiring", head=_SOON, body=[_SOON_BODY])
    _chat(uow, row, "expiring", _SOON)


def on_vote(uow: UnitOfWork, row: ApprovalRequest, decision: Decision, reason: str | None) -> None:
    """Tells the requester of a vote; when it decided the request, everybody who had a part in it."""
    if decision is Decision.REJECT or row.state != RequestState.PENDING:
        on_end(uow, row, reason=reason)
        return
    agreed = sum(vote.ordinal is not None for vote in votes_of(uow, row.id))
    said = {"count": agreed, "seats": row.seats}
    body = [Words(_VOTED_BODY.of("en", **said), _VOTED_BODY.of("de", **said)), *_because(reason)]
    head = Words(_VOTED.en.replace("{person}", uow.actor.name), _VOTED.de.replace("{person}", uow.actor.name))
    _each(uow, row, _requester(row), what=f"voted.{agreed}", head=head, body=body)


def on_end(uow: UnitOfWork, row: ApprovalRequest, *, reason: str | None = None) -> None:
    """Tells the requester and those who voted how it ended; whoever ended it knows already."""
    head = _ENDS.get(RequestState(row.state))
    if head is None:
        return
    part = _requester(row) | {vote.voter_id for vote in votes_of(uow, row.id)}
    body = [*_because(reason or row.ended_reason), _ENDED_BODY]
    _each(uow, row, part - {uow.actor.id}, what=f"ended.{row.state}", head=head, body=body)
    _chat(uow, row, f"ended.{row.state}", head)


def _because(reason: str | None) -> list[Words]:
    said = (reason or "").strip()
    return [Words(_REASON.en.replace("{reason}", said), _REASON.de.replace("{reason}", said))] if said else []


def _requester(row: ApprovalRequest) -> set[uuid.UUID]:
    return {row.requester_account} if row.requester_account else set()


def _who_could(uow: UnitOfWork, row: ApprovalRequest) -> set[uuid.UUID]:
    """People of the teams with open seats and who stands in for them, without the requester and those who voted."""
    teams = {Team(seat.team) for seat in open_seats(uow, row.id)}
    people = {person.id for team in teams for person in holders(uow, team, row.entity_id)} - {row.requested_by}
    for others in stand_ins(uow, people).values():
        people |= others
    votes = votes_of(uow, row.id)
    return people - {row.requested_by} - {vote.voter_id for vote in votes} - {vote.represented_id for vote in votes}


def _each(
    uow: UnitOfWork,
    row: ApprovalRequest,
    people: Iterable[uuid.UUID | None],
    *,
    what: str,
    head: Words,
    body: list[Words],
) -> None:
    for person in identity.contacts(uow, user_ids=[person for person in people if person is not None]):
        letter = _letter(row, person.locale, head, body)
        notifications.send(
            uow,
            recipient=person.email,
            letter=letter,
            purpose=f"approvals.{what.partition('.')[0]}",
            entity_id=row.entity_id,
            dedup_key=f"approvals/{row.id}/{what}/{person.id}",
        )


def _chat(uow: UnitOfWork, row: ApprovalRequest, what: str, head: Words) -> None:
    said = Words(head.en.replace(" for you", ""), head.de.replace(" auf Sie", ""))
    notifications.send(
        uow,
        recipient=CHAT,
        letter=_letter(row, "en", said, []),
        purpose=f"approvals.{what.partition('.')[0]}",
        entity_id=row.entity_id,
        dedup_key=f"approvals/{row.id}/{what}/chat",
    )


def _letter(row: ApprovalRequest, locale: str, head: Words, body: list[Words]) -> Letter:
    title = str(row.title["de" if locale == "de" else "en"])
    subject = head.of(locale).replace("{title}", title)
    return Letter(
        subject="".join(character if character.isprintable() else " " for character in subject)[:200],
        paragraphs=tuple(words.of(locale) for words in body),
        facts=tuple(_facts(row, locale)),
        action=(_OPEN.of(locale), f"/approvals/{row.id}"),
        locale=locale,
    )


def _facts(row: ApprovalRequest, locale: str) -> Iterable[tuple[str, str]]:
    yield _NUMBER.of(locale), f"A-{row.number}"
    if row.amount_minor is not None and row.currency is not None:
        major = Money(row.amount_minor, row.currency).major
        yield _AMOUNT.of(locale), format_currency(major, row.currency, locale=locale_of(locale))
    if row.affected_rows is not None:
        yield _ROWS.of(locale), number(row.affected_rows, locale)
    yield _ASKED_BY.of(locale), row.requested_by_name
    yield _UNTIL.of(locale), _moment(row.expires_at, locale)


def _moment(at: dt.datetime, locale: str) -> str:
    shown = format_datetime(
        at.astimezone(UTC), "d MMMM y, HH:mm" if locale != "de" else "dd.MM.y, HH:mm", locale=locale
    )
    return f"{shown} UTC"
