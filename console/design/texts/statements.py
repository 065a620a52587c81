"""One statement of a bank with its lines."""

TEXTS = {
    "title": ("Statement", "Auszug"),
    "named": ("Statement {number}", "Auszug {number}"),
    "lines": ("Lines", "Zeilen"),
    "range": (
        "{count} [line|lines] on this page, in the order of the file",
        "{count} [Zeile|Zeilen] auf dieser Seite, in der Reihenfolge der Datei",
    ),
    "none": ("No line", "Keine Zeile"),
    "none_body": (
        "The statement has no booking, or none that mentions these words.",
        "Der Auszug hat keine Buchung oder keine, die diese Wörter nennt.",
    ),
    "search": ("Name, text or reference", "Name, Text oder Referenz"),
    "counterparty": ("Counterparty", "Gegenseite"),
    "text": ("Text", "Text"),
    "booked_on": ("Booked on", "Gebucht am"),
    "what": ("Kind", "Art"),
    "line_booked": ("Booked", "Gebucht"),
    "line_reversed": ("Taken back", "Storniert"),
    "line_returned": ("Returned", "Zurückgegeben"),
    "records": ("Records", "Posten"),
    "records_of": ("What the collective booking consists of", "Woraus die Sammelbuchung besteht"),
    "records_note": ("{count} of {all}", "{count} von {all}"),
    "reference": ("Reference", "Referenz"),
    "reason": ("Reason", "Grund"),
    "original": ("originally {amount}", "ursprünglich {amount}"),
    "charged": ("charges {amount}", "Entgelt {amount}"),
    "amount": ("Amount", "Betrag"),
    "balances": ("Balances", "Salden"),
    "file": ("The file it came with", "Die Datei, mit der er kam"),
}
