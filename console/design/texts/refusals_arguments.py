"""What the crossing from a form or a request refuses, before any service sees it; see `refusals`."""

TEXTS = {
    "argument": ("“{name}” cannot be used: {why}.", "„{name}“ lässt sich nicht verwenden: {why}."),
    "argument_missing": ("“{name}” is missing; fill it in.", "„{name}“ fehlt; füllen Sie es aus."),
    "argument_day": (
        "“{text}” is not a day of the calendar; write it like 2026-03-16.",
        "„{text}“ ist kein Tag des Kalenders; schreiben Sie ihn wie 2026-03-16.",
    ),
    "argument_whole": (
        "“{text}” is not a whole number; write it in digits.",
        "„{text}“ ist keine ganze Zahl; schreiben Sie sie in Ziffern.",
    ),
    "argument_number": (
        "“{text}” is not a number; write it in digits.",
        "„{text}“ ist keine Zahl; schreiben Sie sie in Ziffern.",
    ),
    "argument_record": (
        "“{text}” names no record; choose one from the list.",
        "„{text}“ nennt keinen Datensatz; wählen Sie einen aus der Liste.",
    ),
    "argument_choice": (
        "“{text}” is none of the choices; choose one of them.",
        "„{text}“ steht nicht zur Wahl; wählen Sie eine der Möglichkeiten.",
    ),
    "argument_text": (
        "“{name}” is too long or holds characters that cannot be stored.",
        "„{name}“ ist zu lang oder enthält Zeichen, die sich nicht speichern lassen.",
    ),
}
