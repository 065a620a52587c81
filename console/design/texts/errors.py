"""What was refused or went wrong. `code_<code>` translates a service's sentence for that error code."""

TEXTS = {
    "not_found": ("Not found", "Nicht gefunden"),
    "conflict": ("Not saved: the state has changed", "Nicht gespeichert: Der Stand hat sich geändert"),
    "forbidden": ("Not allowed", "Nicht erlaubt"),
    "invalid": ("That cannot be used", "Das lässt sich nicht verwenden"),
    "unavailable": ("No answer", "Keine Antwort"),
    "incident": ("Something went wrong here", "Hier ist etwas schiefgegangen"),
    "incident_body": (
        "Nothing was changed. Try again; if it happens again, tell Ops the number {incident}.",
        "Es wurde nichts geändert. Bitte erneut versuchen; tritt es wieder auf, nennen Sie Ops die Nummer {incident}.",
    ),
    "forbidden_body": (
        "This needs the right {permission}. Nothing was changed. An administrator can grant it.",
        "Dafür ist das Recht {permission} nötig. Es wurde nichts geändert. Die Administration kann es erteilen.",
    ),
    "code_forbidden": (
        "This needs the right {permission}. Nothing was changed. An administrator can grant it.",
        "Dafür ist das Recht {permission} nötig. Es wurde nichts geändert. Die Administration kann es erteilen.",
    ),
    "code_unavailable": (
        "Something outside did not answer. Nothing was changed. Try again.",
        "Eine Stelle außerhalb hat nicht geantwortet. Es wurde nichts geändert. Bitte erneut versuchen.",
    ),
    "code_not_found": (
        "There is no such record in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diesen Datensatz nicht.",
    ),
    "code_reconciliation.not_second_person": (
        "You started this run, so somebody else of Finance has to sign it.",
        "Sie haben diesen Lauf gestartet, daher muss jemand anderes aus Finance unterschreiben.",
    ),
    "code_reconciliation.signature_refused": (
        "This run cannot be signed as it stands. Nothing was signed; look at its sign-off panel.",
        "Dieser Lauf lässt sich so nicht unterschreiben. Es wurde nichts unterschrieben; siehe Unterschriftenfeld.",
    ),
    "code_reconciliation.reason_missing": (
        "A reason of at least 8 characters is needed.",
        "Es ist eine Begründung von mindestens 8 Zeichen nötig.",
    ),
    "code_reconciliation.stale_break": (
        "Somebody changed this break since you opened it. Nothing was changed by you; load it again.",
        "Der Klärfall wurde seit dem Öffnen geändert. Von Ihnen wurde nichts geändert; bitte neu laden.",
    ),
    "code_reconciliation.step_not_allowed": (
        "The state of this break does not allow that step.",
        "Der Status dieses Klärfalls erlaubt diesen Schritt nicht.",
    ),
    "code_reconciliation.older_than_last_run": (
        "A newer run exists; one that looks back behind it would close breaks that are still there.",
        "Es gibt einen neueren Lauf; einer, der davor endet, würde Klärfälle schließen, die noch bestehen.",
    ),
    "code_reconciliation.break_not_found": (
        "There is no such break in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diesen Klärfall nicht.",
    ),
    "code_reconciliation.run_not_found": (
        "There is no such reconciliation in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diesen Abgleich nicht.",
    ),
}
