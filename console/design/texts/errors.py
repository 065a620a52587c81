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
}
