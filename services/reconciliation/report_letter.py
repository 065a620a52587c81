"""The nightly report as a letter, in the language of who reads it."""

from __future__ import annotations

from services import notifications
from services.core import figures
from services.core.errors import Invalid
from services.core.money import Money
from services.core.words import Words
from services.reconciliation.report_figures import class_told, moment_told, percent
from services.reconciliation.report_words import DEFINITIONS, changes_told
from services.reconciliation.views import BreakView
from services.reconciliation.views_report import NightlyReport, ReportLine
from services.reconciliation.vocabulary import BackfillDone, MoneyMoved

_NAMED = 5  # oldest breaks that the letter names; the files have more
_GREEN = Words("Reconciliation {day}: all green", "Abgleich {day}: alles grün")
_RED = Words("Reconciliation {day}: {count} above the limit", "Abgleich {day}: {count} über der Grenze")
_NONE = Words("No reconciliation has finished yet", "Noch kein Abgleich ist fertig")
_SINCE = Words("{said}, after backfill {name}", "{said}, nach Backfill {name}")
_LINE = Words(
    "{deviation} with a limit of {limit}; breaks {breaks}, new {new}, closed {closed}",
    "{deviation} bei einer Grenze von {limit}; Klärfälle {breaks}, neu {new}, geschlossen {closed}",
)
_CHANGED = Words("; since yesterday: {changes}", "; seit gestern: {changes}")
_SAME = Words("; nothing changed since yesterday", "; seit gestern keine Änderung")
_OLD = Words("{what}; business days open: {age}; {who}", "{what}; Werktage offen: {age}; {who}")
_NOBODY = Words("nobody has it", "niemand hat ihn")
_SAID = Words(
    "What every definition found in the last run, what changed since the one before, and the oldest open breaks.",
    "Was jede Definition im letzten Lauf fand, was sich seit dem vorigen änderte, und die ältesten offenen Klärfälle.",
)
_ALSO = Words(
    "As PDF: /reconciliation/report.pdf, as a workbook: /reconciliation/report.xlsx",
    "Als PDF: /reconciliation/report.pdf, als Tabelle: /reconciliation/report.xlsx",
)
_WITH = Words(
    "The whole report is attached as PDF and as a workbook.", "Der ganze Bericht hängt als PDF und als Tabelle an."
)
_LOOK = Words("Open the report", "Bericht öffnen")
_FOLLOWS = Words(
    "The backfill {name} ended on {moment}: {result}. It changed {rows} rows in {columns}. {moved}{proof}",
    "Der Backfill {name} endete am {moment}: {result}. Er änderte {rows} Zeilen in {columns}. {moved}{proof}",
)
_MOVED = Words("It moved {money}. ", "Er bewegte {money}. ")
_GAVE_BACK = Words("It gave back {money}. ", "Er gab {money} zurück. ")
_MONEY = Words("{gross}\u00a0{currency} (net {net})", "{gross}\u00a0{currency} (Saldo {net})")
_PROOFS = {
    True: Words("Its verification holds.", "Seine Prüfung hält."),
    False: Words(
        "Its verification does not hold: look at it before you sign.",
        "Seine Prüfung hält nicht: vor der Unterschrift ansehen.",
    ),
    None: Words("It has no verification.", "Er hat keine Prüfung."),
}
_RESULTS = {
    "succeeded": Words("done", "erledigt"),
    "cancelled": Words("cancelled", "abgebrochen"),
    "failed": Words("failed", "gescheitert"),
    "rolled_back": Words("taken back", "zurückgenommen"),
}


def report_letter(
    report: NightlyReport, locale: str, after: BackfillDone | None, *, whole: bool = True
) -> notifications.Letter:
    """Green or how many above the limit; a line for each definition, then the oldest breaks and who has them.

    `whole` says that the report goes with it as files.
    """
    also = _WITH if whole else _ALSO
    facts = [
        (f"{line.entity}, {DEFINITIONS[line.definition].of(locale)}", _told(line, locale)) for line in report.lines
    ]
    facts += [(item.name, _old(item, locale)) for item in report.oldest[:_NAMED]]
    subject = _subject(report, locale)
    return notifications.Letter(
        subject=_SINCE.of(locale, said=subject, name=after.name) if after else subject,
        paragraphs=tuple(filter(None, (after and backfill_told(after, locale), _SAID.of(locale), also.of(locale)))),
        facts=tuple(facts),
        action=(_LOOK.of(locale), "/reconciliation"),
        locale=locale,
    )


def backfill_told(after: BackfillDone, locale: str) -> str:
    """What the backfill changed and moved, when it ended and how, in a few sentences."""
    result = _RESULTS.get(after.result)
    return _FOLLOWS.of(
        locale,
        name=after.name,
        moment=moment_told(after.finished_at, locale),
        result=result.of(locale) if result else after.result,
        rows=figures.number(after.rows, locale),
        columns=", ".join(after.columns) or "—",
        moved=_moved(after, locale),
        proof=_PROOFS[after.verified].of(locale),
    )


def _moved(after: BackfillDone, locale: str) -> str:
    said = _GAVE_BACK if after.result == "rolled_back" else _MOVED
    return said.of(locale, money=", ".join(_money(one, locale) for one in after.money)) if after.money else ""


def _money(one: MoneyMoved, locale: str) -> str:
    """Gross and net."""
    gross, net = (amount_told(minor, one.currency, locale) for minor in (one.gross_minor, one.net_minor))
    return _MONEY.of(locale, gross=gross, net=net, currency=one.currency or "–")


def amount_told(minor: int, currency: str, locale: str) -> str:
    """Without its code; minor units where the currency is not known."""
    try:
        return figures.amount(Money(minor, currency), locale)
    except Invalid:
        return figures.number(minor, locale)


def _old(item: BreakView, locale: str) -> str:
    """Amount and class of a break, for how long it is open, and who has it."""
    minor = abs(item.delta_minor)
    money = f"{figures.amount(Money(minor, item.currency), locale)}\u00a0{item.currency}, " if minor else ""
    what = money + class_told(item.break_class, item.definition, locale)
    return _OLD.of(locale, what=what, age=item.age, who=item.assigned_name or _NOBODY.of(locale))


def _subject(report: NightlyReport, locale: str) -> str:
    above = sum(line.run.over_limit for line in report.lines)
    words = _NONE if not report.lines else _RED if above else _GREEN
    return words.of(locale, day=figures.date(report.day, locale), count=above)


def _told(line: ReportLine, locale: str) -> str:
    run = line.run
    said = _LINE.of(
        locale,
        deviation=percent(run.deviation_ppm, locale),
        limit=percent(run.limit_ppm, locale),
        breaks=figures.number(run.breaks, locale),
        new=figures.number(run.new_breaks, locale),
        closed=figures.number(run.closed_breaks, locale),
    )
    if line.classes_before is None:
        return said
    changes = changes_told(line, locale)
    return said + (_CHANGED.of(locale, changes=changes) if changes else _SAME.of(locale))
