"""What Stripe knows, mirrored: customers, invoices, payments, refunds, disputes, payouts, balance transactions."""

from services.payments.checking import compare_window, coverage, repair_window, store_objects
from services.payments.dashboard import (
    DashboardView,
    Point,
    Share,
    Totals,
    merchant_zone,
    payment_dashboard,
    payment_totals,
)
from services.payments.entries import payout_composition, payout_entries, settlement_entries
from services.payments.events import begin_applying, plan_events, receive_event, settle_events, waiting_events
from services.payments.facts import InvoicePopulation, invoice_facts
from services.payments.ingest import Snapshot
from services.payments.queries import accounts
from services.payments.reading import read_objects, read_payout_parts, read_range, read_windows
from services.payments.records import customer_list, payment_export, payment_list, payout_list
from services.payments.refresh import moving_refs, stretch_over, touched_refs, unlinked_payouts
from services.payments.selection import Period, Selection, Step
from services.payments.service import confirm_account, connect_account, link_payout_parts, request_sync
from services.payments.story import customer_story, payment_story, payout_story
from services.payments.sync import advance_cursor, plan_windows, store_chunk
from services.payments.views import (
    AccountView,
    CoverageView,
    CustomerRow,
    CustomerStory,
    Listing,
    MovementView,
    PaymentRow,
    PaymentStory,
    PayoutRow,
    PayoutStory,
    WindowCheck,
    WindowView,
)
from services.payments.vocabulary import (
    APPLY_EVENTS,
    CHECK,
    SYNC,
    ApplyEventsParams,
    CheckParams,
    EventState,
    PaymentStatus,
    PayoutStatus,
    StripeObject,
    SyncParams,
)

__all__ = [
    "APPLY_EVENTS",
    "CHECK",
    "SYNC",
    "AccountView",
    "ApplyEventsParams",
    "CheckParams",
    "CoverageView",
    "CustomerRow",
    "CustomerStory",
    "DashboardView",
    "EventState",
    "InvoicePopulation",
    "Listing",
    "MovementView",
    "PaymentRow",
    "PaymentStatus",
    "PaymentStory",
    "PayoutRow",
    "PayoutStatus",
    "PayoutStory",
    "Period",
    "Point",
    "Selection",
    "Share",
    "Snapshot",
    "Step",
    "StripeObject",
    "SyncParams",
    "Totals",
    "WindowCheck",
    "WindowView",
    "accounts",
    "advance_cursor",
    "begin_applying",
    "compare_window",
    "confirm_account",
    "connect_account",
    "coverage",
    "customer_list",
    "customer_story",
    "invoice_facts",
    "link_payout_parts",
    "merchant_zone",
    "moving_refs",
    "payment_dashboard",
    "payment_export",
    "payment_list",
    "payment_story",
    "payment_totals",
    "payout_composition",
    "payout_entries",
    "payout_list",
    "payout_story",
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
    "stretch_over",
    "touched_refs",
    "unlinked_payouts",
    "waiting_events",
]
