"""What of reconciliation needs other eyes, and what each request says it will do."""

from __future__ import annotations

import datetime as dt
import uuid

from services import approvals
from services.approvals import ApprovalKind, Description, Line, RequestView, Team, Tier
from services.core.db import UnitOfWork
from services.core.figures import days
from services.core.money import Money
from services.core.words import Words
from services.reconciliation.asking_words import break_class, rule_changes, share
from services.reconciliation.vocabulary import Resolution

_TWO_WEEKS = 24 * 14
_DEFINITIONS = {
    "settlement": Words("Settlement", "Abrechnung"),
    "payouts": Words("Payouts to bank", "Auszahlungen an die Bank"),
}
_DEFINITION = Words("Definition", "Definition")
_THROUGH = Words("Through", "Bis")
_NO_RETURN = Words(
    "A signature stays; a period can be reopened with a reason.",
    "Eine Unterschrift bleibt; ein Zeitraum kann mit Begründung wieder geöffnet werden.",
)


_WRITTEN_OFF = {
    Resolution.ACCEPTED: Words("Accepted as it is", "So hingenommen"),
    Resolution.NOT_OURS: Words("Not ours", "Nicht unseres"),
}


def _sign_off(_: UnitOfWork, asked: RequestView) -> Description:
    content = asked.content
    name = _DEFINITIONS[content["definition"]]
    covered = days(*content["days"])
    lines = [
        Line(_DEFINITION, name),
        Line(_THROUGH, dt.date.fromisoformat(content["through"])),
        Line(Words("Rule set", "Regelsatz"), content["rule_version"]),
        Line(Words("Deviation", "Abweichung"), share(content["deviation_ppm"])),
    ]
    lines += [
        Line(
            Words(
                f"Open in {row['currency']} ({row['breaks']} breaks)",
                f"Offen in {row['currency']} ({row['breaks']} Klärfälle)",
            ),
            Money(row["minor"], row["currency"]),
        )
        for row in content["open"]
    ]
    path = f"/reconciliation/runs/{content['run']}"
    return Description(
        title=Words(f"Sign off {name.en}, {covered.en}", f"{name.de} unterschreiben, {covered.de}"),
        lines=tuple(lines),
        consequence=Words(
            "Totals, breaks and inputs are frozen, and the days are closed for late writes.",
            "Summen, Klärfälle und Eingänge werden eingefroren, und die Tage sind für späte Buchungen geschlossen.",
        ),
        undo=_NO_RETURN,
        href=path if asked.subject_type == "reconciliation_run" else "/reconciliation/periods",
    )


def _reopen(_: UnitOfWork, asked: RequestView) -> Description:
    content = asked.content
    name = _DEFINITIONS[content["definition"]]
    covered = days(content["first_day"], content["last_day"])
    return Description(
        title=Words(f"Reopen {name.en}, {covered.en}", f"{name.de} wieder öffnen, {covered.de}"),
        lines=(Line(_DEFINITION, name), Line(Words("Reason", "Grund"), content["reason"])),
        consequence=Words(
            "Late changes of these days are taken in, and the period has to be signed again.",
            "Späte Änderungen dieser Tage werden übernommen, und der Zeitraum muss neu unterschrieben werden.",
        ),
        undo=Words("By signing it again.", "Durch erneutes Unterschreiben."),
        href="/reconciliation/periods",
    )


def _resolution(_: UnitOfWork, asked: RequestView) -> Description:
    content = asked.content
    name = f"B-{content['number']}"
    return Description(
        title=Words(f"Write off {name}", f"{name} ausbuchen"),
        lines=(
            Line(Words("Difference", "Differenz"), Money(content["delta_minor"], content["currency"])),
            Line(Words("Class", "Art"), break_class(content["break_class"])),
            Line(Words("Key", "Schlüssel"), content["key"]),
            Line(Words("Resolution", "Lösung"), _WRITTEN_OFF[Resolution(content["resolution"])]),
            Line(Words("Reason", "Grund"), content["reason"]),
        ),
        consequence=Words(
            "The break is resolved and leaves the deviation.",
            "Der Klärfall ist gelöst und zählt nicht mehr in der Abweichung.",
        ),
        undo=Words("By opening the break again.", "Durch erneutes Öffnen des Klärfalls."),
        href=f"/breaks/{name}",
    )


def _rules(_: UnitOfWork, asked: RequestView) -> Description:
    content = asked.content
    name = _DEFINITIONS[content["definition"]]
    tested = content["backtest"]
    return Description(
        title=Words(f"New rules for {name.en}", f"Neue Regeln für {name.de}"),
        lines=(
            Line(Words("New version", "Neue Version"), content["version"]),
            Line(Words("Runs tested", "Getestete Läufe"), tested["runs"]),
            Line(Words("Breaks that would be new", "Klärfälle, die neu wären"), tested["more"]),
            Line(Words("Breaks that would go", "Klärfälle, die entfielen"), tested["fewer"]),
        ),
        changes=rule_changes(content["before"], content["parameters"]),
        consequence=Words(
            "The next run works by these rules; runs of before keep theirs.",
            "Der nächste Lauf arbeitet nach diesen Regeln; frühere behalten ihre.",
        ),
        undo=Words("By publishing another version.", "Durch Veröffentlichen einer weiteren Version."),
        href=f"/reconciliation/rules?definition={content['definition']}",
    )


def _finance(*more: Tier, hours: int = _TWO_WEEKS) -> tuple[Tier, ...]:
    return (Tier(quorum={Team.FINANCE: 1}, expires_hours=hours), *more)


SIGN_OFF = ApprovalKind(
    "reconciliation.sign_off", Words("Sign off a reconciliation", "Abgleich unterschreiben"), _finance(), _sign_off
)
REOPEN = ApprovalKind(
    "reconciliation.reopen", Words("Reopen a signed period", "Unterschriebenen Zeitraum öffnen"), _finance(), _reopen
)
WRITE_OFF = ApprovalKind(
    "reconciliation.write_off", Words("Write off a break", "Klärfall ausbuchen"), _finance(), _resolution
)
RULES = ApprovalKind(
    "reconciliation.rules", Words("Publish matching rules", "Abgleichregeln veröffentlichen"), _finance(), _rules
)
KINDS = (SIGN_OFF, REOPEN, WRITE_OFF, RULES)


def request_of(event_subject: str, uow: UnitOfWork) -> RequestView:
    """The request an approval's event is about."""
    return approvals.request_detail(uow, request_id=uuid.UUID(event_subject)).request


def last_reason(uow: UnitOfWork, request_id: uuid.UUID) -> str | None:
    """What the person who agreed last had to say."""
    seats = approvals.request_detail(uow, request_id=request_id).seats
    votes = [seat.vote for seat in seats if seat.vote is not None]
    return max(votes, key=lambda vote: vote.cast_at).reason if votes else None
