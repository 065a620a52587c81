"""What happens in the bank."""

FILE_IMPORTED = "bank.file_imported"

PATTERN_CHANGED = "bank.pattern_changed"
"""Which lines of an account are the payment provider's was said anew."""
