"""What payments, dunning, runs and the database refuse, sentence by sentence; see `refusals`."""

TEXTS = {
    "clearing_days": (
        "The last day of a period cannot be before its first.",
        "Der letzte Tag eines Zeitraums kann nicht vor dem ersten liegen.",
    ),
    "sort": ("This list can be sorted by {names}.", "Diese Liste lässt sich sortieren nach {names}."),
    "page": (
        "This page of the list does not exist; go back to its start.",
        "Diese Seite der Liste gibt es nicht; gehen Sie an ihren Anfang.",
    ),
    "days": (
        "Choose a first day before the last one, at most three years apart.",
        "Wählen Sie einen ersten Tag vor dem letzten, höchstens drei Jahre auseinander.",
    ),
    "outside": ("This point lies outside the chosen days.", "Dieser Punkt liegt außerhalb der gewählten Tage."),
    "address": (
        "This address holds a day, a time or a step that does not exist.",
        "Diese Adresse enthält einen Tag, eine Zeit oder einen Schritt, den es nicht gibt.",
    ),
    "account_taken": (
        "The Stripe account “{account}” already belongs to another legal entity.",
        "Das Stripe-Konto „{account}“ gehört schon zu einer anderen Gesellschaft.",
    ),
    "account_differs": (
        "The key of “{code}” opens the Stripe account {opened}, but this console holds the data of {held}."
        " Check the key.",
        "Der Schlüssel von „{code}“ öffnet das Stripe-Konto {opened}, diese Konsole hält aber die Daten von {held}."
        " Prüfen Sie den Schlüssel.",
    ),
    "dunning_filter": (
        "This filter cannot be read; clear the filters and start again.",
        "Dieser Filter lässt sich nicht lesen; leeren Sie die Filter und beginnen Sie neu.",
    ),
    "run_params": (
        "The parameters of {kind} cannot be used. {why}.",
        "Die Parameter von {kind} lassen sich nicht verwenden. {why}.",
    ),
    "run_never": (
        "A run it should wait for was cancelled, so it could never start.",
        "Ein Lauf, auf den er warten sollte, wurde abgebrochen; er könnte nie beginnen.",
    ),
    "database": (
        "The database did not answer. Nothing was changed. Try again.",
        "Die Datenbank hat nicht geantwortet. Nichts wurde geändert. Versuchen Sie es noch einmal.",
    ),
}
