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
}
