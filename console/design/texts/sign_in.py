"""The sign-in page, which is plain HTML."""

TEXTS = {
    "title": ("Sign in", "Anmelden"),
    "subtitle": ("Finance and operations console", "Konsole für Finanzen und Betrieb"),
    "email": ("Work mail", "Geschäftliche E-Mail"),
    "password": ("Password", "Passwort"),
    "sign_in": ("Sign in", "Anmelden"),
    "wrong": ("Mail or password is wrong.", "E-Mail oder Passwort ist falsch."),
    "wait": (
        "Too many attempts. Try again in {seconds} seconds.",
        "Zu viele Versuche. Bitte in {seconds} Sekunden erneut versuchen.",
    ),
    "step_up": ("Confirm that it is you", "Bitte bestätigen Sie, dass Sie es sind"),
    "step_up_body": (
        "Signing, approving and changing rights ask again when the last proof is older than 10 minutes.",
        "Unterschriften, Zustimmungen und Änderungen von Rechten fragen erneut, wenn der letzte Nachweis älter als "
        "10 Minuten ist.",
    ),
    "step_up_do": ("Confirm", "Bestätigen"),
    "step_up_keep": ("Not now", "Abbrechen"),
    "step_up_done": ("Confirmed. You can take the step now.", "Bestätigt. Sie können den Schritt jetzt ausführen."),
    "proof_wrong": ("That is not right.", "Das stimmt nicht."),
    "foot": (
        "You are signed out when you do not use it for a while, and each sign-in is recorded.",
        "Bei längerer Nichtnutzung werden Sie abgemeldet; jede Anmeldung wird protokolliert.",
    ),
    "other_language": ("Deutsch", "English"),
    "sandbox": ("This is the sandbox", "Das ist die Sandbox"),
    "sandbox_body": (
        "No real money, no real people. Pick a role to see what it sees; sign as one person and approve as another.",
        "Kein echtes Geld, keine echten Menschen. Wählen Sie eine Rolle; unterschreiben Sie als die eine und stimmen "
        "Sie als die andere Person zu.",
    ),
    "fill_in": ("Fill in", "Ausfüllen"),
    "role_finance": ("reconciles, signs", "gleicht ab, unterschreibt"),
    "role_ops": ("runs, schedules, imports", "Läufe, Zeitpläne, Importe"),
    "role_dev": ("reads, controls runs", "liest, steuert Läufe"),
    "role_auditor": ("reads everything", "liest alles"),
    "role_admin": ("people, roles, set-up", "Personen, Rollen, Einrichtung"),
}
