"""Files of bank and books."""

from console.pages.imports import bank_account, import_file, import_list

PAGES = (import_list.PAGE, import_file.PAGE, bank_account.PAGE)

__all__ = ["PAGES"]
