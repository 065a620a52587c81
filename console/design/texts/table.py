"""Lists and their filters."""

TEXTS = {
    "all": ("All", "Alle"),
    "select": ("Selection", "Auswahl"),
    "select_row": ("Select this row", "Diese Zeile auswählen"),
    "selected": ("Selected rows", "Ausgewählte Zeilen"),
    "clear": ("Clear", "Aufheben"),
    "clear_filters": ("Clear filters", "Filter aufheben"),
    "move": ("move", "bewegen"),
    "open": ("open", "öffnen"),
    "newer": ("Newer", "Neuere"),
    "older": ("Older", "Ältere"),
    "export": ("Export as {kind}", "Als {kind} exportieren"),
    "range": ("{count} [row|rows]", "{count} [Zeile|Zeilen]"),
    "views": ("Saved views", "Gespeicherte Ansichten"),
    "save_view": ("Save this view", "Ansicht speichern"),
    "view_name": ("Name of the view", "Name der Ansicht"),
    "view_saved": ("Saved as {name}.", "Gespeichert als {name}."),
    "remove_view": ("Remove the view {name}", "Ansicht {name} entfernen"),
}
