"""Comments and files."""

TEXTS = {
    "comment": ("Comment", "Kommentar"),
    "add_comment": ("Add comment", "Kommentieren"),
}
