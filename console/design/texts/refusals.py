"""What services of reconciliation, bank and books refuse, sentence by sentence; the English is the service's own.

A refusal is recognised by its English sentence, whose `{placeholders}` are taken over into the German one.
"""

TEXTS = {
    "adjustment": (
        "An adjustment has an amount above zero and two different accounts.",
        "Eine Korrektur hat einen Betrag über null und zwei verschiedene Konten.",
    ),
    "adjustment_memo": (
        "Say in 8 to 500 characters what the adjustment is for.",
        "Sagen Sie in 8 bis 500 Zeichen, wofür die Korrektur ist.",
    ),
    "evidence_twice": ("This file is with the break already.", "Diese Datei liegt dem Klärfall schon bei."),
    "evidence_gone": (
        "There is no such file in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diese Datei nicht.",
    ),
    "evidence_differs": (
        "The stored file is not the one that was attached.",
        "Die gespeicherte Datei ist nicht die, die angehängt wurde.",
    ),
    "evidence_kind": ("Evidence is one of {kinds}.", "Ein Beleg ist eine Datei der Art {kinds}."),
    "evidence_size": (
        "A file of evidence has between one byte and 10 MiB.",
        "Ein Beleg hat mindestens ein Byte und höchstens 10 MiB.",
    ),
    "evidence_lies": (
        "The file is not what its name says; nothing was kept.",
        "Die Datei ist nicht, was ihr Name sagt; nichts wurde behalten.",
    ),
    "filter": (
        "A filter of this address cannot be used: {error}.",
        "Ein Filter dieser Adresse lässt sich nicht verwenden: {error}.",
    ),
    "sort": (
        "Breaks cannot be sorted by “{sort}”; choose one of {names}.",
        "Klärfälle lassen sich nicht nach „{sort}“ sortieren; wählen Sie aus {names}.",
    ),
    "break_see": (
        "There is no break B-{number} in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es keinen Klärfall B-{number}.",
    ),
    "break_named": (
        "There is no break “{name}” in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es keinen Klärfall „{name}“.",
    ),
    "break_work": (
        "There is no break B-{number} in the entities you may work in.",
        "In den Gesellschaften, in denen Sie arbeiten dürfen, gibt es keinen Klärfall B-{number}.",
    ),
    "break_person": (
        "This person may not work on breaks of this legal entity; choose somebody of Finance.",
        "Diese Person darf Klärfälle dieser Gesellschaft nicht bearbeiten; wählen Sie jemanden aus Finance.",
    ),
    "comment": ("A comment takes 1 to 4,000 characters.", "Ein Kommentar hat 1 bis 4.000 Zeichen."),
    "reason_reopen": (
        "Say in at least {count} characters why it is opened again.",
        "Sagen Sie in mindestens {count} Zeichen, warum er wieder geöffnet wird.",
    ),
    "reason_ends": (
        "Say in at least {count} characters why this ends the break.",
        "Sagen Sie in mindestens {count} Zeichen, warum der Klärfall damit erledigt ist.",
    ),
    "reason_together": (
        "Say in at least {count} characters why they belong together.",
        "Sagen Sie in mindestens {count} Zeichen, warum sie zusammengehören.",
    ),
    "reason_apart": (
        "Say in at least {count} characters why they do not belong together.",
        "Sagen Sie in mindestens {count} Zeichen, warum sie nicht zusammengehören.",
    ),
    "reason_period": (
        "Say in at least {count} characters why the period has to be opened again.",
        "Sagen Sie in mindestens {count} Zeichen, warum der Zeitraum wieder geöffnet werden muss.",
    ),
    "reason_limit": (
        "The open differences are above the limit; say in at least {count} characters why.",
        "Die offenen Differenzen liegen über der Grenze; sagen Sie in mindestens {count} Zeichen, warum trotzdem "
        "unterschrieben wird.",
    ),
    "reason_limit_day": (
        "The open differences are above the limit; say in at least {count} characters why the day can be signed all "
        "the same.",
        "Die offenen Differenzen liegen über der Grenze; sagen Sie in mindestens {count} Zeichen, warum der Tag "
        "trotzdem unterschrieben werden kann.",
    ),
    "run_yours": (
        "You started this run, so somebody else of Finance has to sign it.",
        "Sie haben diesen Lauf gestartet, daher muss jemand anderes aus Finance unterschreiben.",
    ),
    "stale_break": (
        "B-{number} was changed since you opened it. Nothing was changed by you; look at it again.",
        "B-{number} wurde geändert, seit Sie ihn geöffnet haben. Sie haben nichts geändert; bitte noch einmal ansehen.",
    ),
    "entity": (
        "There is no such legal entity among those you may see.",
        "Diese Gesellschaft ist nicht unter denen, die Sie sehen dürfen.",
    ),
    "day_name": (
        "Give the day a name of up to {count} characters.",
        "Geben Sie dem Tag einen Namen von höchstens {count} Zeichen.",
    ),
    "day_rests": (
        "{day} is a day of rest of {entity} already.",
        "{day} ist schon ein freier Tag der {entity}.",
    ),
    "day_none": (
        "{entity} has no day of rest of its own on {day}.",
        "{entity} hat am {day} keinen eigenen freien Tag.",
    ),
    "period_uncovered": (
        "No run covers this period to its end yet.",
        "Noch kein Lauf deckt diesen Zeitraum bis zu seinem Ende ab.",
    ),
    "period_signed": ("This period is signed off already.", "Dieser Zeitraum ist bereits unterschrieben."),
    "period_gap": (
        "An input does not balance or has a gap. Import what is missing.",
        "Eine Quelle geht nicht auf oder hat eine Lücke. Importieren Sie, was fehlt.",
    ),
    "period_yours": (
        "You started the run this period stands on, so somebody else of Finance has to sign it.",
        "Sie haben den Lauf gestartet, auf dem dieser Zeitraum steht, daher muss jemand anderes aus Finance "
        "unterschreiben.",
    ),
    "period_never": (
        "This period was never signed off, so there is nothing to verify.",
        "Dieser Zeitraum wurde nie unterschrieben, daher gibt es nichts zu prüfen.",
    ),
    "period_open": (
        "Only a signed period can be opened again.",
        "Nur ein unterschriebener Zeitraum lässt sich wieder öffnen.",
    ),
    "period_none": (
        "There is no such period in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diesen Zeitraum nicht.",
    ),
    "rates_twice": (
        "Two of these rates are for the same currencies and day.",
        "Zwei dieser Kurse gelten für dieselben Währungen und denselben Tag.",
    ),
    "rates_most": ("Load at most {count} rates at once.", "Laden Sie höchstens {count} Kurse auf einmal."),
    "rates_head": (
        "The first line of the table names its columns: day, base, quote, rate.",
        "Die erste Zeile der Tabelle nennt ihre Spalten: day, base, quote, rate.",
    ),
    "rates_line": (
        "Line {number} is no rate: a day as 2026-03-16, two currencies and a number.",
        "Zeile {number} ist kein Kurs: ein Tag wie 2026-03-16, zwei Währungen und eine Zahl.",
    ),
    "rates_pair": (
        "A rate needs two currencies, not {currency} twice.",
        "Ein Kurs braucht zwei Währungen, nicht zweimal {currency}.",
    ),
    "rates_value": (
        "{pair} of {day}: a rate lies above zero and has at most ten decimals.",
        "{pair} vom {day}: Ein Kurs liegt über null und hat höchstens zehn Nachkommastellen.",
    ),
    "rates_large": (
        "A table of rates has at most {count} MB.",
        "Eine Kurstabelle hat höchstens {count} MB.",
    ),
    "rates_text": (
        "The table of rates is no UTF-8 text.",
        "Die Kurstabelle ist kein Text in UTF-8.",
    ),
    "group_withdrawn": (
        "The decision behind this group was withdrawn already.",
        "Die Entscheidung hinter dieser Gruppe wurde schon zurückgenommen.",
    ),
    "group_most": ("Choose at most {count} breaks.", "Wählen Sie höchstens {count} Klärfälle."),
    "group_gone": (
        "One of these breaks does not exist in your entities, or no run finds it any more.",
        "Einen dieser Klärfälle gibt es in Ihren Gesellschaften nicht, oder kein Lauf findet ihn mehr.",
    ),
    "group_mixed": (
        "Only breaks of one definition and one legal entity can belong together.",
        "Nur Klärfälle einer Definition und einer Gesellschaft können zusammengehören.",
    ),
    "group_rest": (
        "The two sides do not add up to the same. Force it if the rest is known.",
        "Die beiden Seiten ergeben nicht dieselbe Summe. Erzwingen Sie es, wenn der Rest bekannt ist.",
    ),
    "group_none": (
        "There is no such group that still stands in the entities you may work in.",
        "In den Gesellschaften, in denen Sie arbeiten dürfen, steht keine solche Gruppe mehr.",
    ),
    "group_part": (
        "A part of B-{number} lies between 1 and {whole} minor units of what stands on one side.",
        "Ein Teil von B-{number} liegt zwischen 1 und {whole} kleinsten Einheiten dessen, was auf einer Seite steht.",
    ),
    "match_none": (
        "There is no such match in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diese Zuordnung nicht.",
    ),
    "month_page": (
        "This part of the difference has a page of its own.",
        "Dieser Teil der Differenz hat eine eigene Seite.",
    ),
    "month_form": ("A month is written as 2026-03.", "Ein Monat wird als 2026-03 geschrieben."),
    "run_none": (
        "There is no such reconciliation in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diesen Abgleich nicht.",
    ),
    "run_unsigned": (
        "This run carries no signature that could be verified.",
        "Dieser Lauf trägt keine Unterschrift, die sich prüfen ließe.",
    ),
    "run_early": (
        "{day} has not ended there yet; reconcile up to {last} at the latest.",
        "{day} ist dort noch nicht zu Ende; gleichen Sie höchstens bis {last} ab.",
    ),
    "run_older": (
        "The last run looked up to {newest}; a run up to {day} would close breaks that are still there.",
        "Der letzte Lauf reichte bis {newest}; ein Lauf bis {day} schlösse Klärfälle, die es noch gibt.",
    ),
    "run_open_sum": (
        "{missing} minor units of {currency} are neither in a break nor expected. Nothing was stored.",
        "{missing} kleinste Einheiten {currency} stehen weder in einem Klärfall noch werden sie erwartet. Es wurde "
        "nichts gespeichert.",
    ),
    "resolution": (
        "That a break is explained is for a run to find; choose another resolution.",
        "Dass ein Klärfall erklärt ist, stellt ein Lauf fest; wählen Sie eine andere Lösung.",
    ),
    "rules_note": (
        "Say in a sentence what these rules change and why (up to 500 characters).",
        "Sagen Sie in einem Satz, was diese Regeln ändern und warum (höchstens 500 Zeichen).",
    ),
    "rules_stale": (
        "Somebody else edited these rules meanwhile. Look at them again.",
        "Jemand anderes hat diese Regeln inzwischen bearbeitet. Bitte noch einmal ansehen.",
    ),
    "rules_untried": (
        "Try the rules on the last runs first, so that whoever agrees sees what they change.",
        "Testen Sie die Regeln zuerst an den letzten Läufen, damit sieht, wer zustimmt, was sie ändern.",
    ),
    "rules_scope": (
        "Rules hold for every entity; your right holds for some of them.",
        "Regeln gelten für jede Gesellschaft; Ihr Recht gilt nur für einige.",
    ),
    "rules_no_draft": ("There is no draft of these rules.", "Von diesen Regeln gibt es keinen Entwurf."),
    "rules_strange": ("These rules know no “{name}”.", "Diese Regeln kennen kein „{name}“."),
    "rules_order": (
        "The order names each rule at most once, out of {names}.",
        "Die Reihenfolge nennt jede Regel höchstens einmal, aus {names}.",
    ),
    "rules_whole": ("A parameter of a rule is a whole number.", "Eine Einstellung einer Regel ist eine ganze Zahl."),
    "rules_between": ("{name} lies between {low} and {high}.", "{name} liegt zwischen {low} und {high}."),
    "severity": (
        "A notable difference is above zero and below a severe one.",
        "Eine beachtliche Differenz liegt über null und unter einer schweren.",
    ),
    "severity_stale": (
        "Somebody else changed the amounts of {currency} meanwhile. Look at them again.",
        "Jemand anderes hat die Beträge für {currency} inzwischen geändert. Bitte noch einmal ansehen.",
    ),
    "bulk_most": (
        "Choose between one and {count} breaks.",
        "Wählen Sie mindestens einen und höchstens {count} Klärfälle.",
    ),
    "account": (
        "There is no such bank account in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es dieses Bankkonto nicht.",
    ),
    "another_break": (
        "The page still shows another break. Nothing was changed; try again.",
        "Die Seite zeigt noch einen anderen Klärfall. Es wurde nichts geändert; bitte erneut versuchen.",
    ),
    "statement": (
        "There is no such statement in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diesen Auszug nicht.",
    ),
    "line": (
        "There is no such line in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diese Zeile nicht.",
    ),
    "pattern_long": (
        "Write a pattern of 1 to 200 characters, such as STRIPE.",
        "Schreiben Sie ein Muster von 1 bis 200 Zeichen, etwa STRIPE.",
    ),
    "pattern_wrong": (
        "“{pattern}” is no regular expression. Plain words such as STRIPE are enough.",
        "„{pattern}“ ist kein regulärer Ausdruck. Einfache Wörter wie STRIPE genügen.",
    ),
    "ledger": (
        "There is no such ledger in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es dieses Hauptbuch nicht.",
    ),
    "delivery_most": (
        "A request takes at most {count} entries; send several.",
        "Eine Anfrage nimmt höchstens {count} Buchungen; senden Sie mehrere.",
    ),
    "delivery_days": (
        "Name both the first and the last day, in this order, or neither.",
        "Nennen Sie den ersten und den letzten Tag, in dieser Reihenfolge, oder keinen von beiden.",
    ),
    "ledger_code": (
        "Write a code of small letters, digits and dashes, and a name.",
        "Schreiben Sie ein Kürzel aus Kleinbuchstaben, Ziffern und Strichen und einen Namen.",
    ),
    "ledger_taken": (
        "The entity has a ledger of this code already.",
        "Die Gesellschaft hat schon ein Hauptbuch mit diesem Kürzel.",
    ),
    "mapping_object": (
        "The mapping is a JSON object of settings.",
        "Die Zuordnung ist ein JSON-Objekt aus Einstellungen.",
    ),
    "mapping_json": (
        "The mapping is no JSON document: {error}.",
        "Die Zuordnung ist kein JSON-Dokument: {error}.",
    ),
    "query_limits": (
        "A query takes 1 to 3,600 seconds and 1 to 50 million rows.",
        "Eine Abfrage hat 1 bis 3.600 Sekunden und 1 bis 50 Millionen Zeilen.",
    ),
    "query_database": (
        "The settings name no such database (KONTOR_BOOKS__DATABASES).",
        "Die Einstellungen nennen keine solche Datenbank (KONTOR_BOOKS__DATABASES).",
    ),
    "page": (
        "This page of the list does not exist; start again from its first one.",
        "Diese Seite der Liste gibt es nicht; beginnen Sie wieder bei der ersten.",
    ),
    "voucher": ("Voucher {number} has no usable amount.", "Beleg {number} hat keinen brauchbaren Betrag."),
    "csv_choose": ("Choose a CSV file.", "Wählen Sie eine CSV-Datei."),
    "upload_none": (
        "Nothing was taken: XML or ZIP for the bank, CSV for the books.",
        "Nichts wurde übernommen: XML oder ZIP für die Bank, CSV für die Bücher.",
    ),
    "upload_kind": (
        "{name} is not taken: XML, ZIP or MT940 for the bank, CSV for the books.",
        "{name} wird nicht genommen: XML, ZIP oder MT940 für die Bank, CSV für die Bücher.",
    ),
    "upload_lies": (
        "{name} is not what its name says; nothing was taken.",
        "{name} ist nicht, was der Name sagt; nichts wurde übernommen.",
    ),
    "translation": (
        "“{line}” is no translation; write field: what the file says = what is meant.",
        "„{line}“ ist keine Übersetzung; schreiben Sie Feld: was die Datei sagt = was gemeint ist.",
    ),
    "file_name": (
        "The file needs a plain name without a path.",
        "Die Datei braucht einen einfachen Namen ohne Pfad.",
    ),
    "file_moved": (
        "{name} was changed while it was read. Nothing of it was taken.",
        "{name} wurde beim Lesen geändert. Nichts davon wurde übernommen.",
    ),
    "file_large": ("{name} is larger than {count} MB.", "{name} ist größer als {count} MB."),
    "view_name": (
        "Give the view a name of at most {count} characters.",
        "Geben Sie der Ansicht einen Namen von höchstens {count} Zeichen.",
    ),
    "view_most": (
        "You have {count} saved views; remove one first.",
        "Sie haben {count} gespeicherte Ansichten; entfernen Sie zuerst eine.",
    ),
    "view_none": (
        "There is no such saved view of yours.",
        "Sie haben keine solche gespeicherte Ansicht.",
    ),
    "currency": (
        "“{currency}” is not a currency code; write three capital letters such as EUR.",
        "„{currency}“ ist kein Währungscode; schreiben Sie drei Großbuchstaben wie EUR.",
    ),
    "amount": (
        "“{text}” is not an amount; write it like {example}.",
        "„{text}“ ist kein Betrag; schreiben Sie ihn wie {example}.",
    ),
    "amount_exact": (
        "“{text}” is not an exact amount of {currency}; it takes {count} decimals.",
        "„{text}“ ist kein genauer Betrag in {currency}; er hat {count} Nachkommastellen.",
    ),
}
