"""What mail, PDF and workbook of the report have in common."""

from __future__ import annotations

from services.core.words import Words
from services.reconciliation.report_figures import class_told
from services.reconciliation.views_report import ReportLine
from services.reconciliation.vocabulary import Definition

TITLE = Words("Reconciliation through {day}", "Abgleich bis {day}")
GREEN = Words("Everything is within the limit.", "Alles liegt innerhalb der Grenze.")
RED = Words("Not everything is within the limit.", "Nicht alles liegt innerhalb der Grenze.")
STATES = Words("State", "Stand")
OLDEST = Words("Oldest breaks", "Älteste Klärfälle")
NOBODY = Words("nobody", "niemand")
DEFINITIONS = {
    Definition.SETTLEMENT: Words("Settlement", "Zahlungsabgleich"),
    Definition.PAYOUTS: Words("Payouts to bank", "Auszahlungen an die Bank"),
}
SIDES_TOLD = {
    Definition.SETTLEMENT: Words("books left, Stripe right", "links Bücher, rechts Stripe"),
    Definition.PAYOUTS: Words("Stripe left, bank right", "links Stripe, rechts Bank"),
}
LINE_HEADS = (
    Words("Legal entity", "Gesellschaft"),
    Words("Definition", "Definition"),
    Words("Currency", "Währung"),
    Words("Left", "Links"),
    Words("Right", "Rechts"),
    Words("Open", "Offen"),
    Words("Deviation %", "Abweichung %"),
    Words("Before %", "Zuvor %"),
    Words("Breaks", "Klärfälle"),
    Words("New", "Neu"),
    Words("Closed", "Geschlossen"),
    Words("Since yesterday", "Seit gestern"),
)
BREAK_HEADS = (
    Words("Break", "Klärfall"),
    Words("Legal entity", "Gesellschaft"),
    Words("Class", "Art"),
    Words("Key", "Schlüssel"),
    Words("Difference", "Differenz"),
    Words("Currency", "Währung"),
    Words("Business days", "Werktage"),
    Words("With", "Bei"),
)


def changes_told(line: ReportLine, locale: str) -> str:
    """How the breaks of each class moved since the day before: `amount +3, fee −2`; empty where nothing did."""
    return ", ".join(
        f"{class_told(name, line.definition, locale)} {'+' if count > 0 else '−'}{abs(count)}"
        for name, count in line.changes.items()
    )
