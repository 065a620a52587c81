"""What happens in the books."""

FILE_IMPORTED = "books.file_imported"
