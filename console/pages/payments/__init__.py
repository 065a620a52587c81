"""Payments, payouts and customers."""

from console.pages.payments.clearing import CLEARING_ACCOUNT
from console.pages.payments.customers import CUSTOMER_DETAIL, CUSTOMER_LIST
from console.pages.payments.payment_detail import PAYMENT_DETAIL
from console.pages.payments.payment_list import PAYMENT_LIST
from console.pages.payments.payouts import PAYOUT_DETAIL, PAYOUT_LIST
from console.pages.payments.search import SEARCH

PAGES = (PAYMENT_LIST, PAYMENT_DETAIL, PAYOUT_LIST, PAYOUT_DETAIL, CUSTOMER_LIST, CUSTOMER_DETAIL, CLEARING_ACCOUNT)

__all__ = ["PAGES", "SEARCH"]
