"""Two sides, before and after."""

TEXTS = {
    "field": ("Field", "Feld"),
    "comparison": ("Comparison", "Vergleich"),
    "difference": ("Difference", "Abweichung"),
    "differs": ("differs", "verschieden"),
    "same": ("same", "gleich"),
    "before": ("Before", "Vorher"),
    "after": ("After", "Nachher"),
}
