"""What identity, approvals, the audit log and letters refuse, sentence by sentence; see `refusals`."""

TEXTS = {
    "key_name": (
        "A key needs a name of up to 60 characters: what uses it, and where.",
        "Ein Schlüssel braucht einen Namen von höchstens 60 Zeichen: was ihn benutzt und wo.",
    ),
    "key_days": ("A key lasts 1 to 366 days.", "Ein Schlüssel gilt 1 bis 366 Tage."),
    "key_overlap": (
        "The old key can go on for 0 to 30 days.",
        "Der alte Schlüssel kann 0 bis 30 Tage weiter gelten.",
    ),
    "key_scopes": ("A key needs at least one scope.", "Ein Schlüssel braucht mindestens ein Recht."),
    "key_never": (
        "A key cannot sign, approve, or manage people and keys: only a person can.",
        "Ein Schlüssel kann nicht unterschreiben, zustimmen oder Personen und Schlüssel verwalten.",
    ),
    "factor_needed": (
        "Your role needs a second factor. Add another one first.",
        "Ihre Rolle braucht einen zweiten Faktor. Fügen Sie zuerst einen anderen hinzu.",
    ),
    "impersonation_reason": (
        "A reason of 8 to 500 characters is needed; it stands in the audit log.",
        "Nötig ist ein Grund von 8 bis 500 Zeichen; er steht im Protokoll.",
    ),
    "impersonation_who": (
        "Neither oneself nor another administrator can be impersonated.",
        "Weder sich selbst noch andere Administratoren kann man vertreten.",
    ),
    "link_needless": (
        "This person already has a password and can ask for a new one at the sign-in.",
        "Diese Person hat schon ein Passwort und kann bei der Anmeldung ein neues anfordern.",
    ),
    "passkey_known": ("This passkey is registered already.", "Dieser Passkey ist schon eingetragen."),
    "passkey_late": (
        "The request took too long. Try again.",
        "Das hat zu lange gedauert. Versuchen Sie es noch einmal.",
    ),
    "passkey_browser": (
        "A passkey belongs to a browser's session.",
        "Ein Passkey gehört zur Sitzung eines Browsers.",
    ),
    "passkey_unreadable": (
        "The browser's answer cannot be read.",
        "Die Antwort des Browsers lässt sich nicht lesen.",
    ),
    "passkey_foreign": (
        "The browser's answer does not belong to this passkey request. Try again.",
        "Die Antwort des Browsers gehört nicht zu dieser Passkey-Anfrage. Versuchen Sie es noch einmal.",
    ),
    "person_address": ("“{address}” is not an e-mail address.", "„{address}“ ist keine E-Mail-Adresse."),
    "person_name": (
        "A person needs a name of up to 100 characters.",
        "Eine Person braucht einen Namen von höchstens 100 Zeichen.",
    ),
    "review_title": (
        "A review needs a title of up to 100 characters.",
        "Eine Prüfung braucht einen Titel von höchstens 100 Zeichen.",
    ),
    "review_day": (
        "The day by which everything is decided has to lie ahead.",
        "Der Tag, bis zu dem alles entschieden ist, muss in der Zukunft liegen.",
    ),
    "review_far": (
        "A review is decided within 366 days.",
        "Eine Prüfung wird innerhalb von 366 Tagen entschieden.",
    ),
    "review_open": (
        "Another review is still open. Close it first.",
        "Eine andere Prüfung ist noch offen. Schließen Sie sie zuerst.",
    ),
    "review_decided": (
        "This was decided already, or the review is closed.",
        "Das ist schon entschieden, oder die Prüfung ist geschlossen.",
    ),
    "role_stale": (
        "Somebody else changed this role meanwhile. Look at it again, then save.",
        "Jemand anderes hat diese Rolle inzwischen geändert. Sehen Sie sie noch einmal an und speichern Sie dann.",
    ),
    "role_held": (
        "{count} people hold this role. Take it from them first.",
        "{count} Personen haben diese Rolle. Nehmen Sie sie ihnen zuerst.",
    ),
    "role_fixed": (
        "The rights of this role come with the console. Make a custom role instead.",
        "Die Rechte dieser Rolle bringt die Konsole mit. Legen Sie stattdessen eine eigene Rolle an.",
    ),
    "role_code": (
        "A role's short name takes 2 to 40 small letters, digits and hyphens.",
        "Der Kurzname einer Rolle besteht aus 2 bis 40 Kleinbuchstaben, Ziffern und Bindestrichen.",
    ),
    "role_name": (
        "A role needs a name of up to 60 characters.",
        "Eine Rolle braucht einen Namen von höchstens 60 Zeichen.",
    ),
    "role_never": (
        "A custom role cannot hold what only workers or administrators do.",
        "Eine eigene Rolle kann nicht enthalten, was nur Worker oder Administratoren tun.",
    ),
    "role_narrowed": (
        "“{right}” cannot be narrowed; its actions do not ask whose record it is.",
        "„{right}“ lässt sich nicht einschränken; dort wird nicht gefragt, wessen Datensatz es ist.",
    ),
    "role_condition": (
        "A condition is “own”, “own_team”, an amount with its currency, or both.",
        "Eine Bedingung ist „own“, „own_team“, ein Betrag mit seiner Währung oder beides.",
    ),
    "role_limit": (
        "An amount limit is a number of minor units.",
        "Eine Betragsgrenze ist eine Zahl kleinster Einheiten.",
    ),
    "role_factor": ("Choose default, yes or no.", "Wählen Sie Vorgabe, ja oder nein."),
    "secrets_left": (
        "{count} secrets are still sealed under “{key}”; run `kontor keys rotate` first.",
        "{count} Geheimnisse liegen noch unter „{key}“; rufen Sie zuerst `kontor keys rotate` auf.",
    ),
    "time_zone": (
        "“{zone}” is not a time zone; write it like Europe/Berlin.",
        "„{zone}“ ist keine Zeitzone; schreiben Sie sie wie Europe/Berlin.",
    ),
    "totp_code": (
        "This code does not belong to the picture above, or your clock is wrong.",
        "Dieser Code gehört nicht zum Bild darüber, oder Ihre Uhr geht falsch.",
    ),
    "step_up": (
        "Confirm that it is you: this step asks for your password or second factor again.",
        "Bestätigen Sie, dass Sie es sind: Dieser Schritt fragt noch einmal nach Passwort oder zweitem Faktor.",
    ),
    "approval_kind": (
        "There is nothing called “{kind}” that could be approved.",
        "Es gibt nichts namens „{kind}“, dem man zustimmen könnte.",
    ),
    "approval_filter": (
        "This address does not hold a filter of requests; start again without it.",
        "Diese Adresse enthält keinen Filter von Anträgen; beginnen Sie ohne ihn.",
    ),
    "approval_step": (
        "A step takes whole numbers: people, rows, and 1 to 2,160 hours to decide.",
        "Eine Stufe nimmt ganze Zahlen: Personen, Zeilen und 1 bis 2.160 Stunden für die Entscheidung.",
    ),
    "log_cut": (
        "The audit log was cut: {signed} entries were signed, {left} are left. Run `kontor audit verify`.",
        "Das Protokoll wurde gekürzt: {signed} Einträge unterschrieben, {left} da. Mehr sagt `kontor audit verify`.",
    ),
    "log_rewritten": (
        "The first {size} entries of the audit log are not those that were signed. Run `kontor audit verify`.",
        "Die ersten {size} Einträge des Protokolls sind nicht die unterschriebenen. Mehr sagt `kontor audit verify`.",
    ),
    "log_hole_verify": (
        "The tree of the audit log has a hole: {what}. Run `kontor audit verify`.",
        "Der Baum des Protokolls hat ein Loch: {what}. Rufen Sie `kontor audit verify` auf.",
    ),
    "log_hole": (
        "The tree of the audit log has a hole: {what}.",
        "Der Baum des Protokolls hat ein Loch: {what}.",
    ),
    "log_foreign": (
        "The last checkpoint of the audit log is not ours: {why}.",
        "Der letzte Kontrollpunkt des Protokolls ist nicht unserer: {why}.",
    ),
    "log_no_other_key": (
        "No other key would sign. Make one first: kontor audit keys rotate",
        "Kein anderer Schlüssel würde unterschreiben. Erzeugen Sie zuerst einen: kontor audit keys rotate",
    ),
    "log_no_key": (
        "This is no public key of a log: {why}.",
        "Das ist kein öffentlicher Schlüssel eines Protokolls: {why}.",
    ),
    "log_fresh": (
        "The entry was written a moment ago; the next checkpoint covers it within a minute.",
        "Der Eintrag ist gerade erst geschrieben; der nächste Kontrollpunkt deckt ihn binnen einer Minute.",
    ),
    "log_unsigned": (
        "The log has no checkpoint yet; the worker signs one within a minute of its start.",
        "Das Protokoll hat noch keinen Kontrollpunkt; der Worker unterschreibt einen in der ersten Minute.",
    ),
    "log_entry_changed": (
        "This entry is not the one that was signed. Run `kontor audit verify`.",
        "Dieser Eintrag ist nicht der unterschriebene. Rufen Sie `kontor audit verify` auf.",
    ),
    "log_page": (
        "This page of the log does not exist; start again from the newest entry.",
        "Diese Seite des Protokolls gibt es nicht; beginnen Sie beim neuesten Eintrag.",
    ),
    "log_erase": (
        "Say whose personal data, or of which entries.",
        "Sagen Sie, wessen personenbezogene Daten oder von welchen Einträgen.",
    ),
    "log_checkpoint": (
        "This is no checkpoint of this log: {why}.",
        "Das ist kein Kontrollpunkt dieses Protokolls: {why}.",
    ),
    "log_filter": (
        "This address does not hold a filter of the audit log; start again without it.",
        "Diese Adresse enthält keinen Filter des Protokolls; beginnen Sie ohne ihn.",
    ),
    "letter_filter": (
        "This address does not hold a filter of letters; start again without it.",
        "Diese Adresse enthält keinen Filter von Briefen; beginnen Sie ohne ihn.",
    ),
    "letter_to": (
        "A letter goes to a mail address or to a chat channel such as #approvals.",
        "Ein Brief geht an eine Mailadresse oder an einen Chatkanal wie #approvals.",
    ),
    "letter_subject": (
        "A subject takes one line of 1 to 200 characters.",
        "Ein Betreff ist eine Zeile von 1 bis 200 Zeichen.",
    ),
    "letter_files": (
        "The files of a letter hold 1 to {most} MB together.",
        "Die Dateien eines Briefs haben zusammen 1 bis {most} MB.",
    ),
    "letter_file": (
        "A file goes by a plain name and a media type.",
        "Eine Datei hat einen einfachen Namen und einen Medientyp.",
    ),
}
