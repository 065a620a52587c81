"""Drift over time, and the days that stand out."""

TEXTS = {
    "title": ("Drift", "Verlauf"),
    "meta": ("How far the sides were apart, day by day", "Wie weit die Seiten auseinanderlagen, Tag für Tag"),
    "meta_same_age": (
        "each day as the first run found it, so that days compare",
        "jeder Tag, wie der erste Lauf ihn fand, damit Tage vergleichbar sind",
    ),
    "definition": ("Definition", "Definition"),
    "entity": ("Legal entity", "Gesellschaft"),
    "currency": ("Currency", "Währung"),
    "days_30": ("30 days", "30 Tage"),
    "days_60": ("60 days", "60 Tage"),
    "days_120": ("120 days", "120 Tage"),
    "span": ("How far back", "Zeitraum"),
    "last": ("Deviation now", "Abweichung jetzt"),
    "last_note": ("limit {limit}, after the run of {day}", "Grenze {limit}, nach dem Lauf vom {day}"),
    "above": ("Runs above the limit", "Läufe über der Grenze"),
    "above_note": ("of {count} in this time", "von {count} in dieser Zeit"),
    "unusual": ("Days that stand out", "Auffällige Tage"),
    "unusual_note": ("against the same weekday before", "gegen denselben Wochentag zuvor"),
    "found": ("Breaks found", "Klärfälle gefunden"),
    "found_note": ("on {count} [business day|business days]", "an {count} [Buchungstag|Buchungstagen]"),
    "deviation": ("Deviation after each run", "Abweichung nach jedem Lauf"),
    "deviation_note": ("open differences over the left side", "offene Differenzen zur linken Seite"),
    "deviation_foot": (
        "{count} [run|runs] above {limit}. A run above it needs a reason to be signed.",
        "{count} [Lauf|Läufe] über {limit}. Darüber braucht eine Unterschrift eine Begründung.",
    ),
    "legend_now": ("Deviation", "Abweichung"),
    "legend_limit": ("Limit {limit}", "Grenze {limit}"),
    "per_day": ("Breaks by business day", "Klärfälle je Buchungstag"),
    "legend_found": ("Found", "Gefunden"),
    "legend_usual": ("Usual on that weekday", "Üblich an diesem Wochentag"),
    "legend_band": ("Least to most of {weeks} weeks", "Wenigste bis meiste in {weeks} Wochen"),
    "legend_outlier": ("Stands out", "Auffällig"),
    "any_class": ("All classes", "Alle Arten"),
    "classes": ("Open differences by class", "Offene Differenzen nach Art"),
    "classes_note": ("{currency}, without sign", "{currency}, ohne Vorzeichen"),
    "class": ("Class", "Art"),
    "breaks": ("Breaks", "Klärfälle"),
    "amount": ("Differences", "Differenzen"),
    "share": ("Of the left side", "Von der linken Seite"),
    "day": ("Business day", "Buchungstag"),
    "outliers": ("What stands out, in words", "Was auffällt, in Worten"),
    "outlier": (
        "{weekday}, {day}: {breaks} breaks, {class}. Usual on this weekday are {usual} ({low} to {high} in "
        "{weeks} weeks); from {bound} on a day stands out.",
        "{weekday}, {day}: {breaks} Klärfälle, {class}. Üblich sind an diesem Wochentag {usual} ({low} bis "
        "{high} in {weeks} Wochen); ab {bound} fällt ein Tag auf.",
    ),
    "outlier_all": ("all classes together", "alle Arten zusammen"),
    "outlier_none": ("No day stands out.", "Kein Tag fällt auf."),
    "rule": (
        "A day stands out from the median of the same weekday in the {weeks} weeks before, plus {spreads} "
        "times its usual spread and at least {least} breaks, on. With fewer than {fewest} weeks nothing is "
        "called unusual.",
        "Ein Tag fällt auf ab dem Median desselben Wochentags der {weeks} Wochen zuvor, zuzüglich der "
        "{spreads}-fachen üblichen Streuung und mindestens {least} Klärfällen. Bei weniger als {fewest} "
        "Wochen gilt nichts als auffällig.",
    ),
    "runs_above": ("Runs above the limit", "Läufe über der Grenze"),
    "above_none": ("No run was above the limit.", "Kein Lauf lag über der Grenze."),
    "bound": ("Stands out from", "Auffällig ab"),
    "run_of": ("Run through", "Lauf bis"),
    "open_minor": ("Open", "Offen"),
    "none": ("No day was reconciled yet", "Noch kein Tag wurde abgeglichen"),
    "none_body": (
        "The first run writes a line for each day it covers. Start it from the overview.",
        "Der erste Lauf schreibt je Tag eine Zeile. Starten Sie ihn in der Übersicht.",
    ),
    "to_overview": ("Open the overview", "Übersicht öffnen"),
    "chart_deviation": (
        "Deviation after each run in per cent of the left side",
        "Abweichung nach jedem Lauf in Prozent",
    ),
    "chart_days": ("Breaks found by business day", "Gefundene Klärfälle je Buchungstag"),
}
