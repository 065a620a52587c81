"""What happens in the bank."""

FILE_IMPORTED = "bank.file_imported"
