"""Files of bank and books."""

from console.pages.imports import (
    bank_account,
    bank_csv,
    bank_statement,
    import_file,
    import_list,
    ledger,
    ledger_mapping,
    voucher_list,
)

PAGES = (
    import_list.PAGE,
    import_file.PAGE,
    bank_account.PAGE,
    bank_csv.PAGE,
    bank_statement.PAGE,
    ledger.PAGE,
    ledger_mapping.PAGE,
    voucher_list.PAGE,
)

__all__ = ["PAGES"]
