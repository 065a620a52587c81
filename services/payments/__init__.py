"""What Stripe knows, mirrored: customers, invoices, payments, refunds, disputes, payouts, balance transactions."""

from services.payments.entries import payout_composition, payout_entries, settlement_entries
from services.payments.queries import accounts
from services.payments.service import connect_account
from services.payments.views import AccountView

__all__ = ["AccountView", "accounts", "connect_account", "payout_composition", "payout_entries", "settlement_entries"]
