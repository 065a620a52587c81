"""What is still missing before the main job can be done."""

TEXTS = {
    "title": ("Set-up", "Einrichtung"),
    "meta_done": ("{done} of {count} steps are done", "{done} von {count} Schritten sind erledigt"),
    "meta_live": ("Each step is looked at anew when this page opens", "Jeder Schritt wird beim Öffnen neu geprüft"),
    "check": ("Check again", "Erneut prüfen"),
    "sandbox": ("This is the sandbox", "Dies ist die Sandbox"),
    "sandbox_body": (
        "Its merchant is invented and was set up by itself. To connect a real one, start Kontor with a data folder "
        "of its own (KONTOR_DATA_DIR) and a Stripe key.",
        "Der Händler ist erfunden und wurde von selbst eingerichtet. Für einen echten starten Sie Kontor mit eigenem "
        "Datenordner (KONTOR_DATA_DIR) und einem Stripe-Schlüssel.",
    ),
    "steps": ("Steps", "Schritte"),
    "state_done": ("Done", "Erledigt"),
    "state_open": ("Open", "Offen"),
    "state_failed": ("Wrong", "Fehlerhaft"),
    "state_checking": ("Checking", "Wird geprüft"),
    "entity": ("Legal entity", "Gesellschaft"),
    "entity_open": (
        "A company with its own books, bank and time zone. Everything belongs to one.",
        "Ein Unternehmen mit eigenen Büchern, Bank und Zeitzone. Alles gehört zu einem.",
    ),
    "entity_done": ("{names}", "{names}"),
    "people": ("Two people of Finance", "Zwei Personen aus Finance"),
    "people_open": (
        "Sign-off needs four eyes: who starts a reconciliation cannot sign it. Active so far: {count}.",
        "Die Unterschrift braucht vier Augen: Wer einen Abgleich startet, kann ihn nicht unterschreiben. "
        "Bisher aktiv: {count}.",
    ),
    "people_done": (
        "{count} [person|people] of Finance may sign in.",
        "{count} [Person aus Finance kann|Personen aus Finance können] sich anmelden.",
    ),
    "to_access": ("Open Access", "Zugriff öffnen"),
    "stripe": ("Stripe account", "Stripe-Konto"),
    "stripe_open": (
        "No key is configured. Set KONTOR_STRIPE__ACCOUNTS and start Kontor again:",
        "Kein Schlüssel ist konfiguriert. Setzen Sie KONTOR_STRIPE__ACCOUNTS und starten Sie Kontor neu:",
    ),
    "stripe_connect": (
        "There is a key for {codes}, which belongs to no legal entity yet. Connect it below.",
        "Für {codes} gibt es einen Schlüssel, der noch zu keiner Gesellschaft gehört. Verbinden Sie ihn unten.",
    ),
    "stripe_checking": ("Asking Stripe for {codes} …", "Stripe wird nach {codes} gefragt …"),
    "stripe_done": (
        "{codes}: the key works and has every right a sync needs.",
        "{codes}: Der Schlüssel funktioniert und hat alle nötigen Rechte.",
    ),
    "stripe_missing": (
        "The key of {code} lacks these read rights: {rights}. Grant them in Stripe's dashboard.",
        "Dem Schlüssel von {code} fehlen diese Leserechte: {rights}. Erteilen Sie sie im Stripe-Dashboard.",
    ),
    "rights": ("Read rights the key needs", "Leserechte, die der Schlüssel braucht"),
    "webhook": ("Webhook secret", "Webhook-Geheimnis"),
    "webhook_open": (
        "Without it Kontor hears of changes only when it syncs. In Stripe's dashboard add the endpoint {url}, then set "
        "webhook_secret beside the key. Missing for {codes}.",
        "Ohne es erfährt Kontor von Änderungen erst bei der Synchronisierung. Legen Sie im Stripe-Dashboard den "
        "Endpunkt {url} an und setzen Sie webhook_secret neben dem Schlüssel. Es fehlt für {codes}.",
    ),
    "webhook_none": ("Needs a Stripe account first.", "Braucht zuerst ein Stripe-Konto."),
    "webhook_done": ("Set for {codes}; the endpoint is {url}.", "Gesetzt für {codes}; der Endpunkt ist {url}."),
    "bank": ("Bank statements", "Kontoauszüge"),
    "bank_open": (
        "Upload a CAMT.053 file under Imports, or let the bank deliver into {folder}. Accounts appear with their first "
        "statement. Missing for {names}.",
        "Laden Sie unter Importe eine CAMT.053-Datei hoch oder lassen Sie die Bank nach {folder} liefern. Konten "
        "erscheinen mit ihrem ersten Auszug. Es fehlt: {names}.",
    ),
    "bank_done": ("{count} [account has|accounts have] delivered.", "{count} [Konto hat|Konten haben] geliefert."),
    "books": ("Books and their mapping", "Bücher und ihre Zuordnung"),
    "books_open": (
        "Upload a ledger as CSV under Imports and say which column is what, or deliver into {folder}. Missing for "
        "{names}.",
        "Laden Sie unter Importe ein Hauptbuch als CSV hoch und ordnen Sie die Spalten zu, oder liefern Sie nach "
        "{folder}. Es fehlt: {names}.",
    ),
    "books_done": ("{count} ledgers are read by a mapping.", "{count} Bücher werden nach einer Zuordnung gelesen."),
    "to_imports": ("Open Imports", "Importe öffnen"),
    "needs_entity": ("Needs a legal entity first.", "Braucht zuerst eine Gesellschaft."),
    "reconciliation": ("First reconciliation", "Erster Abgleich"),
    "reconciliation_open": (
        "Sync, imports and both reconciliations run every night, or now.",
        "Synchronisierung, Importe und beide Abgleiche laufen jede Nacht, oder jetzt.",
    ),
    "reconciliation_done": (
        "{count} [reconciliation has|reconciliations have] finished; the nightly schedule goes on by itself.",
        "{count} [Abgleich ist|Abgleiche sind] fertig; der nächtliche Zeitplan läuft von selbst weiter.",
    ),
    "start": ("Start all of it now", "Jetzt alles starten"),
    "said_started": ("It runs now; see Runs", "Es läuft jetzt; siehe Läufe"),
    "to_runs": ("Open Runs", "Läufe öffnen"),
    "add_entity": ("Add a legal entity", "Gesellschaft hinzufügen"),
    "code": ("Code", "Kürzel"),
    "code_hint": (
        "Small letters, digits, dashes, such as mh-de. It names folders and settings and never changes.",
        "Kleinbuchstaben, Ziffern, Striche, etwa mh-de. Es benennt Ordner und Einstellungen und ändert sich nie.",
    ),
    "name": ("Name", "Name"),
    "country": ("Country", "Land"),
    "country_hint": ("Two letters, such as DE", "Zwei Buchstaben, etwa DE"),
    "currency": ("Currency of its books", "Währung der Bücher"),
    "time_zone": ("Time zone", "Zeitzone"),
    "zone_hint": (
        "Decides where a business day begins, such as Europe/Berlin",
        "Bestimmt, wann ein Geschäftstag beginnt, etwa Europe/Berlin",
    ),
    "add": ("Add the entity", "Gesellschaft hinzufügen"),
    "said_added": ("{name} was added", "{name} wurde hinzugefügt"),
    "connect": ("Connect a Stripe account", "Stripe-Konto verbinden"),
    "connect_body": (
        "The key {code} opens the account. Whose is it?",
        "Der Schlüssel {code} öffnet das Konto. Wem gehört es?",
    ),
    "account": ("Key", "Schlüssel"),
    "owner": ("Legal entity", "Gesellschaft"),
    "connect_do": ("Connect the account", "Konto verbinden"),
    "said_connected": ("{code} is connected", "{code} ist verbunden"),
    "new_account": ("Open a bank account", "Bankkonto anlegen"),
    "iban": ("IBAN, or the bank's own number", "IBAN oder Kontonummer der Bank"),
    "iban_hint": (
        "From now on its statements are awaited. Others open with their first statement by themselves.",
        "Ab jetzt werden seine Auszüge erwartet. Andere Konten entstehen mit ihrem ersten Auszug von selbst.",
    ),
    "account_currency": ("Currency of the account", "Währung des Kontos"),
    "pattern": ("Payment provider", "Zahlungsdienstleister"),
    "pattern_hint": (
        "Lines whose counterparty matches are its payouts: a word such as STRIPE, or a regular expression.",
        "Umsätze, deren Gegenpartei passt, sind seine Auszahlungen: ein Wort wie STRIPE oder ein regulärer Ausdruck.",
    ),
    "open_account": ("Open the account", "Konto anlegen"),
    "said_account": ("{iban} is awaited from now on", "{iban} wird ab jetzt erwartet"),
    "new_ledger": ("Open a ledger", "Hauptbuch anlegen"),
    "ledger_hint": (
        "“ledger” takes the files of the watched folder; others are for HTTP or a query.",
        "„ledger“ nimmt die Dateien des überwachten Ordners; weitere sind für HTTP oder eine Abfrage.",
    ),
    "open_ledger": ("Open the ledger", "Hauptbuch anlegen"),
    "said_ledger": (
        "{name} is ready; edit its mapping under Imports",
        "{name} ist bereit; die Zuordnung steht unter Importe",
    ),
}
