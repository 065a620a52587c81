"""What a calendar says of a day."""

TEXTS = {
    "monday": ("Mo", "Mo"),
    "tuesday": ("Tu", "Di"),
    "wednesday": ("We", "Mi"),
    "thursday": ("Th", "Do"),
    "friday": ("Fr", "Fr"),
    "saturday": ("Sa", "Sa"),
    "sunday": ("Su", "So"),
    "before": ("before the first delivery", "vor der ersten Lieferung"),
    "proven": ("proven", "belegt"),
    "rest": ("none needed", "keiner nötig"),
    "gap": ("gap", "Lücke"),
    "awaited": ("awaited", "erwartet"),
    "ahead": ("not over yet", "noch nicht vorbei"),
    "day": ("{day}: {state}", "{day}: {state}"),
}
