"""Unpaid invoices."""

from console.pages.dunning import dashboard, invoice_list

PAGES = (dashboard.PAGE, invoice_list.PAGE)

__all__ = ["PAGES"]
