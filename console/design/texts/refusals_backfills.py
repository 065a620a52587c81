"""What backfills refuse, and why one stands still, sentence by sentence; see `refusals`."""

TEXTS = {
    "calendar_span": (
        "A calendar shows up to 400 days, from the earlier to the later one.",
        "Ein Kalender zeigt bis zu 400 Tage, vom früheren zum späteren.",
    ),
    "calendar_month": (
        "This address does not hold a month of the calendar; start again without it.",
        "Diese Adresse enthält keinen Monat des Kalenders; beginnen Sie ohne ihn.",
    ),
    "freeze_span": (
        "A freeze needs a day and a time for its beginning and its end.",
        "Eine Sperre braucht Tag und Uhrzeit für Beginn und Ende.",
    ),
    "planned": ("A planned start is a day and a time.", "Ein geplanter Start ist ein Tag mit Uhrzeit."),
    "number": (
        "A backfill is named by its number (BF-0012) or its id.",
        "Ein Backfill wird mit seiner Nummer (BF-0012) oder seiner Id benannt.",
    ),
    "nothing": (
        "The dry run found no row to change, so there is nothing to agree to.",
        "Der Probelauf fand keine Zeile zu ändern, also gibt es nichts, dem man zustimmen könnte.",
    ),
    "reason": (
        "Say why in at least {least} characters; it stands in the audit log.",
        "Sagen Sie in mindestens {least} Zeichen, warum; es steht im Protokoll.",
    ),
    "no_deviation": (
        "This result does not deviate, so there is nothing to explain.",
        "Dieses Ergebnis weicht nicht ab, also gibt es nichts zu erklären.",
    ),
    "request_rejected": ("The request was rejected.", "Der Antrag wurde abgelehnt."),
    "request_withdrawn": ("The request was withdrawn.", "Der Antrag wurde zurückgezogen."),
    "request_expired": ("The request was expired.", "Der Antrag ist abgelaufen."),
    "not_signed": ("Finance did not sign.", "Finance hat nicht unterschrieben."),
    "found": ("The verification found: {what}.", "Die Prüfung fand: {what}."),
    "other_content": (
        "Not what was agreed to any more: {what}.",
        "Nicht mehr das, dem zugestimmt wurde: {what}.",
    ),
    "not_before": (
        "What has to hold before it runs does not: {codes}.",
        "Was vor dem Lauf gelten muss, gilt nicht: {codes}.",
    ),
    "periods_changed": (
        "Periods that it touches were closed or opened since the dry run.",
        "Zeiträume, die er berührt, wurden seit dem Probelauf geschlossen oder geöffnet.",
    ),
    "rows_changed": (
        "The data changed: the dry run saw {seen} rows, now there are {now}.",
        "Die Daten haben sich geändert: Der Probelauf sah {seen} Zeilen, jetzt sind es {now}.",
    ),
    "values_changed": (
        "The data changed: the same number of rows, with other values.",
        "Die Daten haben sich geändert: gleich viele Zeilen mit anderen Werten.",
    ),
    "measured_net": (
        "The dry run does not say how much money really moves; it has to be taken again.",
        "Der Probelauf sagt nicht, wie viel Geld sich wirklich bewegt; er muss neu gemacht werden.",
    ),
    "code_changed": (
        "The definition's code changed after the dry run.",
        "Der Code der Definition hat sich nach dem Probelauf geändert.",
    ),
    "quarantine_full": (
        "More than {limit} rows refuse the change. The last one: {problem}",
        "Mehr als {limit} Zeilen weisen die Änderung ab. Die letzte: {problem}",
    ),
    "other_agreement": (
        "Parameters or code are not what was agreed to when this started; it cannot go on.",
        "Parameter oder Code sind nicht, wozu beim Start zugestimmt war; so geht es nicht weiter.",
    ),
}
