"""Adjustments: entries that correct what a break is about."""

TEXTS = {
    "title": ("Adjustments", "Korrekturen"),
    "meta": ("Records for the bookkeeping, each of a break", "Sätze für die Buchhaltung, je zu einem Klärfall"),
    "break": ("Break", "Klärfall"),
    "booked_on": ("Booked on", "Gebucht am"),
    "amount": ("Amount", "Betrag"),
    "debit": ("Debit", "Soll"),
    "credit": ("Credit", "Haben"),
    "memo": ("What for", "Wofür"),
    "made_by": ("By", "Von"),
    "made_at": ("Recorded", "Erfasst"),
    "entity": ("Legal entity", "Gesellschaft"),
    "from": ("From", "Von"),
    "to": ("To", "Bis"),
    "none": ("No adjustment in this time", "Keine Korrektur in dieser Zeit"),
    "none_body": (
        "They are recorded on the page of a break, beside its evidence.",
        "Sie werden auf der Seite eines Klärfalls erfasst, neben seinen Belegen.",
    ),
    "range": ("{count} [adjustment|adjustments]", "{count} [Korrektur|Korrekturen]"),
    "none_yet": ("No adjustment yet.", "Noch keine Korrektur."),
    "add": ("Record an adjustment", "Korrektur erfassen"),
    "amount_in": ("Amount in {currency}", "Betrag in {currency}"),
    "added": ("The adjustment is recorded", "Die Korrektur ist erfasst"),
    "line": ("{debit} to {credit}, {day}", "{debit} an {credit}, {day}"),
}
