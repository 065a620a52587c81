"""Texts of the work on breaks: evidence, many at once, causes, the report."""

TEXTS = {
    "evidence": ("Evidence", "Belege"),
    "evidence_add": ("Add a file", "Datei hinzufügen"),
    "evidence_hint": (
        "PDF, PNG, JPEG, XLSX, CSV, TXT or EML, up to 10 MB",
        "PDF, PNG, JPEG, XLSX, CSV, TXT oder EML, bis 10 MB",
    ),
    "evidence_none": ("No file yet.", "Noch keine Datei."),
    "evidence_added": ("The file is kept with the break", "Die Datei liegt beim Klärfall"),
    "proposed": (
        "Proposed by {name}. It waits for somebody else of Finance under Approvals.",
        "Vorgeschlagen von {name}. Es wartet unter Freigaben auf jemand anderes aus Finance.",
    ),
    "selected": ("{count} [break|breaks] selected", "{count} ausgewählt"),
    "take": ("Give them to me", "Mir zuweisen"),
    "match": ("They belong together…", "Gehören zusammen …"),
    "match_title": ("Do these {count} breaks belong together?", "Gehören diese {count} Klärfälle zusammen?"),
    "match_body": (
        "The next run groups their entries. Both sides must add up to the same.",
        "Der nächste Lauf gruppiert ihre Buchungen. Beide Seiten müssen dasselbe ergeben.",
    ),
    "match_do": ("Match them", "Zuordnen"),
    "match_keep": ("Leave them", "So lassen"),
    "matched": ("Matched from the next run on", "Ab dem nächsten Lauf zugeordnet"),
    "taken": ("{count} [break is|breaks are] yours", "{count} Klärfälle sind bei Ihnen"),
    "reason": ("Why? (stands in the audit log)", "Warum? (steht im Audit)"),
    "causes": ("Recurring causes", "Wiederkehrende Ursachen"),
    "cause_rounding": (
        "{count} breaks, one cause: {class} rounding on {currency}",
        "{count} Klärfälle, eine Ursache: Rundung ({class}) bei {currency}",
    ),
    "cause_same_difference": (
        "{count} breaks, one cause: {class} differs alike on {currency}",
        "{count} Klärfälle, eine Ursache: gleiche Abweichung ({class}) bei {currency}",
    ),
    "cause_same_day": (
        "{count} breaks of {value}: {class}, {currency}",
        "{count} Klärfälle vom {value}: {class}, {currency}",
    ),
    "cause_states": ("{count} breaks, one cause: {value}", "{count} Klärfälle, eine Ursache: {value}"),
    "report_pdf": ("Report (PDF)", "Bericht (PDF)"),
    "report_xlsx": ("Report (XLSX)", "Bericht (XLSX)"),
}
