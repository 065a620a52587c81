"""What is asked of people: to let a backfill run, to sign what it did, to take a signed one back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from services.approvals import ApprovalKind, Change, Description, Line, RequestView, Team, Tier
from services.backfills.calendaring import LIFT_APPROVAL
from services.backfills.definition import columns_of, shown_definition
from services.backfills.models import Backfill
from services.backfills.service import RUN_APPROVAL, RUN_CLOSED_APPROVAL
from services.backfills.signing import SIGN_OFF_APPROVAL
from services.backfills.undoing import UNDO_APPROVAL
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.figures import days
from services.core.money import Money
from services.core.words import Words

_RUN = Words("Run BF-{number:04d}: {title}", "BF-{number:04d} ausführen: {title}")
_SIGN = Words("Sign off BF-{number:04d}: {title}", "BF-{number:04d} unterschreiben: {title}")
_UNDO = Words("Take BF-{number:04d} back: {title}", "BF-{number:04d} zurücknehmen: {title}")
_ROWS = Words("Rows changed", "Geänderte Zeilen")
_ASIDE = Words("Rows that refused the change", "Zeilen, die die Änderung verweigerten")
_MOVED = Words("Money moved, {currency}", "Bewegtes Geld, {currency}")
_NET = Words("Net difference, {currency}", "Saldo der Änderung, {currency}")
_SUM = Words("Sum of the column, {currency}", "Summe der Spalte, {currency}")
_SECONDS = Words("Estimated time, seconds", "Geschätzte Dauer, Sekunden")
_CLOSED = Words("Closed period touched", "Berührter geschlossener Zeitraum")
_COLUMNS = Words("Columns written", "Beschriebene Spalten")
_PARAMS = Words("Parameters", "Parameter")
_UNDOABLE = Words(
    "Yes: from the before-images, as long as a row was not edited since; in an emergency at once, and you are told.",
    "Ja: aus den aufbewahrten Werten, soweit eine Zeile seither nicht bearbeitet wurde; im Notfall sofort, und Sie"
    " erfahren es.",
)
_FINAL = Words("No.", "Nein.")


def describe_run(uow: UnitOfWork, asked: RequestView) -> Description:
    """From the signed content: definition, parameters, rows and money as the dry run found them."""
    content, row = asked.content, _row(uow, asked)
    definition = shown_definition(content["definition"])
    frozen = content["frozen"]
    lines = [
        Line(_ROWS, frozen["rows"]),
        Line(_COLUMNS, columns_of(definition)),
        Line(_PARAMS, _given(content["params"])),
        Line(_SECONDS, content["estimate"]["seconds"]),
        *[Line(_CLOSED, days(one["first_day"], one["last_day"])) for one in content.get("closed_periods", ())],
        *[line for one in frozen["money"] for line in _money_lines(one)],
    ]
    changes = [
        Change(
            _named(_SUM, one["currency"]),
            _amount(one["before"], one["currency"]),
            _amount(one["after"], one["currency"]),
        )
        for one in frozen["money"]
    ]
    return Description(
        title=_title(_RUN, row, definition.title),
        lines=tuple(lines),
        changes=tuple(changes),
        consequence=definition.description,
        undo=_UNDOABLE if definition.undoable else _FINAL,
        href=f"/backfills/{row.id}",
    )


def _money_lines(one: Mapping[str, Any]) -> list[Line]:
    """What really moves, where the dry run says so, and what is left of it in the sum."""
    currency = one["currency"]
    gross = [Line(_named(_MOVED, currency), _amount(one["gross"], currency))] if "gross" in one else []
    return [*gross, Line(_named(_NET, currency), _amount(one["after"] - one["before"], currency))]


def describe_signature(uow: UnitOfWork, asked: RequestView) -> Description:
    """The verification's results, expected against found."""
    row = _row(uow, asked)
    definition = shown_definition(row.definition)
    titles = {check.code: check.title for check in definition.checks(definition.params.model_validate(row.params))}
    results, aside = (row.verification or {}).get("results", []), (row.verification or {}).get("aside", 0)
    changes = [Change(_named_result(one, titles), *_sides(one)) for one in results]
    return Description(
        title=_title(_SIGN, row, definition.title),
        lines=(Line(_ROWS, asked.content["rows"] - aside), *([Line(_ASIDE, aside)] if aside else [])),
        changes=tuple(changes),
        consequence=Words(
            "The change is final; taking it back later needs a request of its own. A rejection leads to the way back.",
            "Die Änderung gilt; sie später zurückzunehmen braucht eine eigene Anfrage. Eine Ablehnung führt zur"
            " Rücknahme.",
        ),
        href=f"/backfills/{row.id}",
    )


def describe_undo(uow: UnitOfWork, asked: RequestView) -> Description:
    row = _row(uow, asked)
    return Description(
        title=_title(_UNDO, row, shown_definition(row.definition).title),
        lines=(
            Line(_ROWS, asked.content["changed"]),
            Line(Words("Reason", "Grund"), asked.content["reason"]),
        ),
        consequence=Words(
            "Rows that were edited since are left alone and listed.",
            "Seither bearbeitete Zeilen bleiben, wie sie sind, und werden aufgelistet.",
        ),
        href=f"/backfills/{row.id}",
    )


def describe_lift(_: UnitOfWork, asked: RequestView) -> Description:
    content = asked.content
    return Description(
        title=Words(f"Lift the freeze “{content['why_frozen']}”", f"Die Sperre „{content['why_frozen']}“ aufheben"),
        lines=(
            Line(Words("From", "Von"), content["starts_at"]),
            Line(Words("To", "Bis"), content["ends_at"]),
            Line(Words("Reason", "Grund"), content["reason"]),
        ),
        consequence=Words(
            "Backfills may start again, within the release windows.",
            "Backfills dürfen wieder beginnen, innerhalb der Zeitfenster.",
        ),
        href="/backfills/calendar",
    )


def _sides(one: dict[str, Any]) -> tuple[Money | int, Money | int]:
    """Expected and found."""
    if "money" not in one:
        return one["expected"], one["found"]
    return _amount(one["expected"], one["money"]["currency"]), _amount(one["found"], one["money"]["currency"])


def _given(params: dict[str, Any]) -> Words:
    def said(nothing: str) -> str:
        return ", ".join(f"{name} = {nothing if value is None else value}" for name, value in params.items()) or "–"

    return Words(said("nothing"), said("nichts"))


def _named_result(one: dict[str, Any], titles: dict[str, Words]) -> Words:
    if "reconciliation" in one:
        whose = one["reconciliation"]
        return Words(
            f"Open breaks, {whose['definition']} of {whose['entity']}",
            f"Offene Klärfälle, {whose['definition']} von {whose['entity']}",
        )
    if "money" in one:
        return _named(_RESULTS[one["money"]["of"]], one["money"]["currency"])
    return titles.get(one["code"]) or _RESULTS[one["code"]]


_RESULTS = {
    "rows_changed": Words(
        "Rows predicted, and changed or set aside", "Vorhergesagte, und geänderte oder zurückgestellte Zeilen"
    ),
    "money_moved": Words(
        "Money predicted, and moved or set aside, {currency}",
        "Vorhergesagtes, und bewegtes oder zurückgestelltes Geld, {currency}",
    ),
    "money_net": _NET,
    "before_images": Words("Changed rows and kept values", "Geänderte Zeilen und aufbewahrte Werte"),
    "sample_recomputed": Words("Sampled rows computed again", "Nachgerechnete Zeilen der Stichprobe"),
}

# A currency that is not named here takes all three teams, however little of it moves.
_MUCH_MONEY: dict[str, int] = dict.fromkeys(("CHF", "EUR", "GBP", "USD"), 10_000_00) | {"JPY": 1_500_000}
RUN_KIND = ApprovalKind(
    RUN_APPROVAL,
    Words("Run a backfill", "Einen Backfill ausführen"),
    (
        Tier(quorum={Team.OPS: 1, Team.FINANCE: 1}),
        Tier(quorum={Team.DEV: 1, Team.OPS: 1, Team.FINANCE: 1}, from_rows=1_000_000, from_amount=_MUCH_MONEY),
    ),
    describe_run,
)
RUN_CLOSED_KIND = ApprovalKind(
    RUN_CLOSED_APPROVAL,
    Words("Run a backfill in closed periods", "Einen Backfill in geschlossenen Zeiträumen ausführen"),
    (Tier(quorum={Team.DEV: 1, Team.OPS: 1, Team.FINANCE: 1}),),
    describe_run,
)
SIGN_OFF_KIND = ApprovalKind(
    SIGN_OFF_APPROVAL,
    Words("Sign a backfill off", "Einen Backfill unterschreiben"),
    (Tier(quorum={Team.FINANCE: 1}, expires_hours=24 * 14),),
    describe_signature,
)
UNDO_KIND = ApprovalKind(
    UNDO_APPROVAL,
    Words("Take a signed backfill back", "Einen unterschriebenen Backfill zurücknehmen"),
    (Tier(quorum={Team.FINANCE: 1}),),
    describe_undo,
)
LIFT_KIND = ApprovalKind(
    LIFT_APPROVAL,
    Words("Lift a freeze", "Eine Sperre aufheben"),
    (Tier(quorum={Team.OPS: 1, Team.FINANCE: 1}, expires_hours=24),),
    describe_lift,
)
KINDS = (RUN_KIND, RUN_CLOSED_KIND, SIGN_OFF_KIND, UNDO_KIND, LIFT_KIND)


def _row(uow: UnitOfWork, asked: RequestView) -> Backfill:
    return uow.session.scalars(select(Backfill).where(Backfill.id == uuid.UUID(asked.subject_id))).one()


def _title(pattern: Words, row: Backfill, title: Words) -> Words:
    return Words(
        pattern.of("en", number=row.number, title=title.en), pattern.of("de", number=row.number, title=title.de)
    )


def _amount(minor: int, currency: str | None) -> Money | int:
    """The bare minor units where rows have no currency, or none that is known."""
    try:
        return Money(minor, currency or "")
    except Invalid:
        return minor


def _named(pattern: Words, currency: str | None) -> Words:
    currency = currency or "–"
    return Words(pattern.of("en", currency=currency), pattern.of("de", currency=currency))
