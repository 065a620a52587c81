"""What Stripe knows, mirrored: customers, invoices, payments, refunds, disputes, payouts, balance transactions."""

from services.payments.checking import compare_window, coverage, repair_window, store_objects
from services.payments.entries import payout_composition, payout_entries, settlement_entries
from services.payments.events import begin_applying, plan_events, receive_event, settle_events, waiting_events
from services.payments.facts import InvoicePopulation, invoice_facts
from services.payments.queries import accounts
from services.payments.reading import read_objects, read_payout_parts, read_range, read_windows
from services.payments.refresh import moving_refs, touched_refs, unlinked_payouts
from services.payments.service import confirm_account, connect_account, link_payout_parts, request_sync
from services.payments.sync import REREAD, advance_cursor, plan_windows, store_chunk
from services.payments.views import AccountView, CoverageView, WindowCheck, WindowView
from services.payments.vocabulary import (
    APPLY_EVENTS,
    CHECK,
    SYNC,
    ApplyEventsParams,
    CheckParams,
    EventState,
    StripeObject,
    SyncParams,
)

__all__ = [
    "APPLY_EVENTS",
    "CHECK",
    "REREAD",
    "SYNC",
    "AccountView",
    "ApplyEventsParams",
    "CheckParams",
    "CoverageView",
    "EventState",
    "InvoicePopulation",
    "StripeObject",
    "SyncParams",
    "WindowCheck",
    "WindowView",
    "accounts",
    "advance_cursor",
    "begin_applying",
    "compare_window",
    "confirm_account",
    "connect_account",
    "coverage",
    "invoice_facts",
    "link_payout_parts",
    "moving_refs",
    "payout_composition",
    "payout_entries",
    "plan_events",
    "plan_windows",
    "read_objects",
    "read_payout_parts",
    "read_range",
    "read_windows",
    "receive_event",
    "repair_window",
    "request_sync",
    "settle_events",
    "settlement_entries",
    "store_chunk",
    "store_objects",
    "touched_refs",
    "unlinked_payouts",
    "waiting_events",
]
