"""Dunning: invoices nobody has paid, why collecting them failed, and what was recovered."""

from services.dunning.queries import invoice_page, invoices, overview, totals
from services.dunning.views import DunningOverview, Figure, InvoiceFilter, InvoicePage, InvoiceRow, RecoveryMonth
from services.dunning.vocabulary import MOST_ATTEMPTS, RECOVERY_MONTHS, RETURN_DAYS, Age, Outcome

__all__ = [
    "MOST_ATTEMPTS",
    "RECOVERY_MONTHS",
    "RETURN_DAYS",
    "Age",
    "DunningOverview",
    "Figure",
    "InvoiceFilter",
    "InvoicePage",
    "InvoiceRow",
    "Outcome",
    "RecoveryMonth",
    "invoice_page",
    "invoices",
    "overview",
    "totals",
]
