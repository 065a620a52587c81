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
    "too_often": ("Too many requests", "Zu viele Anfragen"),
    "too_often_body": (
        "More came from this browser or network than is taken. Nothing was done; go on in {count} [second|seconds].",
        "Aus diesem Browser oder Netz kam zu viel. Es wurde nichts getan; weiter in {count} [Sekunde|Sekunden].",
    ),
    "forbidden_body": (
        "This needs the right {permission}. Nothing was changed. An administrator can grant it.",
        "Dafür ist das Recht {permission} nötig. Es wurde nichts geändert. Die Administration kann es erteilen.",
    ),
    "code_weak_password": (
        "12 to 128 characters, hard to guess, in no known breach, and not one of your last five.",
        "12 bis 128 Zeichen, schwer zu erraten, aus keinem Datenleck bekannt und keines Ihrer letzten fünf.",
    ),
    "code_link_spent": (
        "This link has been used or has run out. Ask for a new one.",
        "Dieser Link wurde benutzt oder ist abgelaufen. Bitte einen neuen anfordern.",
    ),
    "code_role_taken": ("There is such a role already.", "Eine solche Rolle gibt es schon."),
    "code_email_taken": (
        "The address already belongs to somebody.",
        "Die Adresse gehört bereits jemandem.",
    ),
    "code_last_admin": (
        "This is the last administrator. Make somebody else administrator first.",
        "Das ist die letzte Administration. Bestimmen Sie zuerst jemand anderen.",
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
    "code_backfill_definition_unknown": (
        "There is no such backfill in the catalogue.",
        "Einen solchen Backfill gibt es im Katalog nicht.",
    ),
    "code_backfill_not_found": ("There is no such backfill.", "Diesen Backfill gibt es nicht."),
    "code_backfill_step_illegal": (
        "The state of this backfill does not allow that step.",
        "Der Status dieses Backfills erlaubt diesen Schritt nicht.",
    ),
    "code_backfill_plan_changed": (
        "What would be done now is not what was agreed to. Nothing was started.",
        "Was jetzt geschähe, ist nicht das, dem zugestimmt wurde. Nichts wurde gestartet.",
    ),
    "code_backfill_not_at_work": (
        "This backfill is not where that step could be done; load the page again.",
        "Dieser Backfill steht nicht an der Stelle für diesen Schritt; bitte neu laden.",
    ),
    "code_backfill_nothing_left": (
        "There is nothing left for this run to do.",
        "Für diesen Lauf gibt es nichts mehr zu tun.",
    ),
    "code_backfill_definition_invalid": (
        "The definition or its parameters cannot be used.",
        "Die Definition oder ihre Parameter sind so nicht verwendbar.",
    ),
    "code_backfill_quarantine_full": (
        "More rows refuse the change than the definition allows.",
        "Mehr Zeilen verweigern die Änderung, als die Definition zulässt.",
    ),
    "code_backfill_not_undoable": (
        "This backfill cannot be taken back.",
        "Dieser Backfill lässt sich nicht zurücknehmen.",
    ),
    "code_backfill_outside_window": (
        "No release window is open now, or there is a freeze. Plan the start, and it begins when the next one opens.",
        "Gerade ist kein Zeitfenster offen, oder es gilt eine Sperre. Ein geplanter Start beginnt im nächsten Fenster.",
    ),
    "code_backfill_window_invalid": (
        "The window or the freeze cannot be used so: it needs a name or reason, days, a known time zone and an end"
        " after its start, in the future.",
        "So ist das Zeitfenster oder die Sperre nicht verwendbar: nötig sind Name oder Grund, Tage, eine bekannte"
        " Zeitzone und ein Ende nach dem Beginn, in der Zukunft.",
    ),
    "code_backfill_window_not_found": (
        "There is no such window or freeze.",
        "Dieses Zeitfenster oder diese Sperre gibt es nicht.",
    ),
    "code_backfill_window_stale": (
        "Somebody changed this window since you opened it. Load it again.",
        "Das Zeitfenster wurde seit dem Öffnen geändert. Bitte neu laden.",
    ),
    "code_backfill_flags_not_connected": (
        "No flag service is connected, so there is nothing to switch here.",
        "Es ist kein Flag-Dienst verbunden; hier gibt es nichts umzuschalten.",
    ),
    "code_backfill_target_unavailable": (
        "The database this backfill works in is not set up or does not answer. Nothing was changed.",
        "Die Datenbank dieses Backfills ist nicht eingerichtet oder antwortet nicht. Nichts wurde geändert.",
    ),
    "code_backfill_target_busy": (
        "The database this backfill works in is busy; it is tried again.",
        "Die Datenbank dieses Backfills ist beschäftigt; es wird erneut versucht.",
    ),
    "code_backfill_deviations_open": (
        "The verification deviates and nobody has said why. Reject it, or have it explained first.",
        "Die Prüfung weicht ab, und niemand hat gesagt, warum. Lehnen Sie ab, oder lassen Sie es zuerst begründen.",
    ),
    "code_run_kind_unknown": ("There is no kind of run called “{kind}”.", "Eine Laufart „{kind}“ gibt es nicht."),
    "code_run_not_found": (
        "There is no such run in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diesen Lauf nicht.",
    ),
    "code_schedule_not_found": (
        "There is no such schedule in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diesen Zeitplan nicht.",
    ),
    "code_run_wish_illegal": (
        "The run has moved on meanwhile; in its present state this cannot be asked of it.",
        "Der Lauf ist inzwischen weiter; in seinem jetzigen Status ist das nicht möglich.",
    ),
    "code_run_transition_illegal": (
        "The run has moved on meanwhile; in its present state this cannot be asked of it.",
        "Der Lauf ist inzwischen weiter; in seinem jetzigen Status ist das nicht möglich.",
    ),
    "code_schedule_stale": (
        "Somebody else changed this schedule meanwhile. Look at it again, then save.",
        "Jemand hat diesen Zeitplan inzwischen geändert. Bitte noch einmal ansehen und dann speichern.",
    ),
    "code_schedule_one_rule": (
        "A schedule takes one rule: a cron line, an interval, or a local time of day.",
        "Ein Zeitplan braucht genau eine Regel: Cron-Zeile, Abstand oder Uhrzeit.",
    ),
    "code_schedule_interval": (
        "An interval takes 1 second to 366 days.",
        "Ein Abstand liegt zwischen 1 Sekunde und 366 Tagen.",
    ),
    "code_schedule_time_zone": (
        "“{zone}” is not a time zone; write it like Europe/Berlin.",
        "„{zone}“ ist keine Zeitzone; schreiben Sie zum Beispiel Europe/Berlin.",
    ),
    "code_schedule_never": (
        "“{line}” never fires; check the day and the month.",
        "„{line}“ trifft nie zu; prüfen Sie Tag und Monat.",
    ),
    "code_schedule_cron_fields": (
        "A cron line takes five fields: minute hour day month weekday, e.g. 30 2 * * mon-fri.",
        "Eine Cron-Zeile hat fünf Felder: Minute Stunde Tag Monat Wochentag, etwa 30 2 * * mon-fri.",
    ),
    "code_schedule_cron_minute": (
        "“{part}” is not a minute; write {low} to {high}, a-b, */n or a list of them.",
        "„{part}“ ist keine Minute; schreiben Sie {low} bis {high}, a-b, */n oder eine Liste davon.",
    ),
    "code_schedule_cron_hour": (
        "“{part}” is not an hour; write {low} to {high}, a-b, */n or a list of them.",
        "„{part}“ ist keine Stunde; schreiben Sie {low} bis {high}, a-b, */n oder eine Liste davon.",
    ),
    "code_schedule_cron_day": (
        "“{part}” is not a day of the month; write {low} to {high}, a-b, */n or a list of them.",
        "„{part}“ ist kein Monatstag; schreiben Sie {low} bis {high}, a-b, */n oder eine Liste davon.",
    ),
    "code_schedule_cron_month": (
        "“{part}” is not a month; write {low} to {high}, jan to dec, or a list of them.",
        "„{part}“ ist kein Monat; schreiben Sie {low} bis {high}, jan bis dec oder eine Liste davon.",
    ),
    "code_schedule_cron_weekday": (
        "“{part}” is not a weekday; write names: mon, tue, wed, thu, fri, sat, sun, or mon-fri.",
        "„{part}“ ist kein Wochentag; schreiben Sie Namen: mon, tue, wed, thu, fri, sat, sun oder mon-fri.",
    ),
    "code_approval_not_found": (
        "There is no such request in the entities you may see.",
        "In den Gesellschaften, die Sie sehen dürfen, gibt es diese Anfrage nicht.",
    ),
    "code_approval_closed": (
        "The request is no longer waiting for a decision.",
        "Die Anfrage wartet nicht mehr auf eine Entscheidung. Bitte sehen Sie sie noch einmal an.",
    ),
    "code_approval_stale": (
        "The request changed after you looked at it. Look again, then decide.",
        "Die Anfrage wurde geändert, nachdem Sie sie angesehen haben. Bitte ansehen und dann entscheiden.",
    ),
    "code_approval_own_request": (
        "You asked for this yourself, so somebody else has to decide.",
        "Sie haben das selbst gestellt, also muss jemand anderes entscheiden.",
    ),
    "code_approval_not_in_team": (
        "The policy asks for people of another team, or nobody of yours is needed any more.",
        "Die Richtlinie verlangt ein anderes Team, oder aus Ihrem wird niemand mehr gebraucht.",
    ),
    "code_approval_already_voted": (
        "You have voted on this already, or somebody has in your place.",
        "Sie haben hierüber schon abgestimmt, oder jemand an Ihrer Stelle.",
    ),
    "code_approval_reason": (
        "Say in at least 8 characters why it should not happen.",
        "Bitte begründen Sie in mindestens 8 Zeichen, warum es nicht geschehen soll.",
    ),
    "code_approval_not_approved": (
        "This is not approved, or its time is over.",
        "Das ist nicht genehmigt, oder die Zeit dafür ist abgelaufen.",
    ),
    "code_approval_content_changed": (
        "What would be done now is not what was agreed to. Ask for it again.",
        "Was jetzt geschähe, ist nicht das, dem zugestimmt wurde. Bitte neu anfragen.",
    ),
    "code_approval_policy_stale": (
        "The policy was changed meanwhile. Look at it again, then propose your change.",
        "Die Richtlinie wurde inzwischen geändert. Bitte ansehen und die Änderung neu vorschlagen.",
    ),
    "code_approval_policy_invalid": (
        "Each step asks for one to five agreements; the first has no threshold, each further one needs one.",
        "Jede Stufe verlangt eine bis fünf Zustimmungen; die erste hat keine Schwelle, jede weitere braucht eine.",
    ),
    "code_approval_delegation_invalid": (
        "Choose somebody else who is not away, days from today on (at most 92), and say why.",
        "Wählen Sie eine andere, anwesende Person, Tage ab heute (höchstens 92), und nennen Sie den Grund.",
    ),
    "code_letter_not_found": (
        "There is no such letter in the outbox.",
        "Im Postausgang gibt es diese Nachricht nicht.",
    ),
    "code_letter_not_resendable": (
        "This letter cannot be sent again: it has gone, or its text was a secret and is forgotten.",
        "Diese Nachricht lässt sich nicht erneut senden: Sie ist fort, oder ihr Text war geheim und ist vergessen.",
    ),
    "code_bank.account.invalid": (
        "This IBAN does not add up; check its digits.",
        "Die Prüfziffer dieser IBAN stimmt nicht; bitte die Ziffern prüfen.",
    ),
    "code_bank.account.exists": ("This account is there already.", "Dieses Konto gibt es schon."),
    "code_bank.account.stale": (
        "Somebody else changed this account meanwhile. Look at it again.",
        "Jemand hat dieses Konto inzwischen geändert. Bitte noch einmal ansehen.",
    ),
    "code_bank.mapping.invalid": (
        "The mapping cannot be used. {wrong}.",
        "Die Zuordnung lässt sich nicht verwenden. {wrong}.",
    ),
    "code_books.mapping.invalid": (
        "The mapping cannot be used. {wrong}.",
        "Die Zuordnung lässt sich nicht verwenden. {wrong}.",
    ),
    "code_books.source.invalid": (
        "These settings of the ledger cannot be used, or its code is taken.",
        "Diese Angaben zum Hauptbuch lassen sich nicht verwenden, oder das Kürzel ist vergeben.",
    ),
    "code_books.source.stale": (
        "Somebody else changed this query meanwhile. Look at it again.",
        "Jemand hat diese Abfrage inzwischen geändert. Bitte noch einmal ansehen.",
    ),
    "code_sql_query_refused": (
        "The database refuses the query: {words}.",
        "Die Datenbank weist die Abfrage ab: {words}.",
    ),
    "code_sql_too_many_rows": (
        "The query gives more than {row_cap} rows; none was taken.",
        "Die Abfrage liefert mehr als {row_cap} Zeilen; keine wurde übernommen.",
    ),
    "code_file_infected": (
        "The virus scanner finds something in this file; it was not kept.",
        "Der Virenscanner findet etwas in dieser Datei; sie wurde nicht abgelegt.",
    ),
    "code_virus_scanner_unavailable": (
        "The virus scanner gives no verdict, so the file was not kept. Try again later.",
        "Der Virenscanner gibt keine Auskunft, daher wurde die Datei nicht abgelegt. Bitte später erneut versuchen.",
    ),
    "code_sql_source_unavailable": (
        "The database of this ledger does not answer, or refuses the sign-in.",
        "Die Datenbank dieses Hauptbuchs antwortet nicht oder weist die Anmeldung ab.",
    ),
}
