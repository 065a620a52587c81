"""Two sides, before and after."""

TEXTS = {
    "field": ("Field", "Feld"),
    "comparison": ("Comparison", "Vergleich"),
    "difference": ("Difference", "Abweichung"),
    "differs": ("differs", "verschieden"),
    "same": ("same", "gleich"),
    "uncompared": ("not compared", "nicht verglichen"),
    "before": ("Before", "Vorher"),
    "after": ("After", "Nachher"),
}
