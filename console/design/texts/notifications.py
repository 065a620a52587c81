"""The outbox of letters."""

TEXTS = {
    "title": ("Outgoing letters", "Ausgehende Nachrichten"),
    "meta": ("Mail and chat, without their texts", "E-Mail und Chat, ohne ihre Texte"),
    "caught": (
        "On the sandbox nothing leaves the machine: the letters can be read in its mail catcher.",
        "In der Sandbox verlässt nichts den Rechner: Die Nachrichten liegen in ihrem Postfach.",
    ),
    "read_caught": ("Read the letters", "Nachrichten lesen"),
    "recipient": ("To", "An"),
    "subject": ("Subject", "Betreff"),
    "purpose": ("Why", "Anlass"),
    "written": ("Written", "Geschrieben"),
    "attempts": ("Attempts", "Versuche"),
    "next": ("Next attempt", "Nächster Versuch"),
    "settled": ("Settled", "Erledigt"),
    "error": ("What went wrong", "Was misslang"),
    "state": ("State", "Status"),
    "state_queued": ("Waiting", "Wartet"),
    "state_sent": ("Sent", "Versandt"),
    "state_dead": ("Given up", "Aufgegeben"),
    "state_skipped": ("No way set up", "Kein Weg eingerichtet"),
    "search": ("Recipient, subject or reason", "Empfänger, Betreff oder Anlass"),
    "again": ("Send again", "Erneut senden"),
    "said_again": ("The letter is queued again", "Die Nachricht ist wieder eingereiht"),
    "none": ("No letter matches", "Keine Nachricht passt"),
    "none_body": (
        "Letters are written when something waits for a person.",
        "Nachrichten entstehen, wenn etwas auf jemanden wartet.",
    ),
    "range": ("On this page: {count}", "Auf dieser Seite: {count}"),
}
