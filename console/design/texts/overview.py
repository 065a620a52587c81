"""The overview."""

TEXTS = {
    "title": ("Overview", "Überblick"),
    "zone": ("all figures {zone}", "alle Zahlen {zone}"),
}
