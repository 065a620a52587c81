"""Words of the sandbox: kinds of movement, events, faults, decline codes."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple


class Method(IntEnum):
    CARD = 0
    SEPA_DEBIT = 1


class Movement(IntEnum):
    """Kinds of balance transaction, as stored."""

    CHARGE = 1
    PAYMENT = 2
    PAYMENT_FAILURE = 3
    REFUND = 4
    PAYMENT_REFUND = 5
    DISPUTE = 6
    DISPUTE_REVERSAL = 7
    PAYOUT = 8


class MovementShape(NamedTuple):
    """What Stripe calls a movement: its `type`, `reporting_category`, and the id prefix of its source."""

    type: str
    category: str
    prefix: str
    description: str


MOVEMENTS = {
    Movement.CHARGE: MovementShape("charge", "charge", "ch", "Card payment"),
    Movement.PAYMENT: MovementShape("payment", "charge", "py", "SEPA Direct Debit"),
    Movement.PAYMENT_FAILURE: MovementShape("payment_failure_refund", "charge_failure", "py", "Failed SEPA debit"),
    Movement.REFUND: MovementShape("refund", "refund", "re", "REFUND FOR CHARGE"),
    Movement.PAYMENT_REFUND: MovementShape("payment_refund", "refund", "pyr", "REFUND FOR PAYMENT"),
    Movement.DISPUTE: MovementShape("adjustment", "dispute", "dp", "Chargeback withdrawal"),
    Movement.DISPUTE_REVERSAL: MovementShape("adjustment", "dispute_reversal", "dp", "Chargeback reversal"),
    Movement.PAYOUT: MovementShape("payout", "payout", "po", "STRIPE PAYOUT"),
}


class BreakClass(StrEnum):
    """The classes of the reconciliation; settlement is books (left) against Stripe (right), payouts is Stripe
    (left) against the bank (right)."""

    MISSING_LEFT = "missing_left"
    MISSING_RIGHT = "missing_right"
    AMOUNT = "amount"
    CURRENCY = "currency"
    STATUS = "status"
    FEE = "fee"
    DUPLICATE = "duplicate"
    TIMING = "timing"


SETTLEMENT_FAULTS = tuple(BreakClass)
PAYOUT_BREAKS = (BreakClass.MISSING_LEFT, BreakClass.MISSING_RIGHT, BreakClass.AMOUNT)


class BankLineKind(StrEnum):
    """Why a line stands on a bank statement. The first four concern payouts."""

    PAYOUT = "payout"
    MANGLED = "mangled"
    BATCH = "batch"
    ORPHAN = "orphan"
    UNRELATED = "unrelated"


class Decline(NamedTuple):
    """A refused payment as Stripe reports it: `failure_code`, decline code, sentence, relative weight."""

    failure_code: str
    decline_code: str
    message: str
    weight: int


CARD_DECLINES = (
    Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.", 38),
    Decline("card_declined", "generic_decline", "Your card was declined.", 20),
    Decline("card_declined", "do_not_honor", "Your card was declined.", 14),
    Decline("expired_card", "expired_card", "Your card has expired.", 10),
    Decline(
        "authentication_required", "authentication_required", "Your card was declined. It needs authentication.", 8
    ),
    Decline("processing_error", "processing_error", "An error occurred while processing your card.", 3),
    Decline("card_declined", "card_velocity_exceeded", "Your card was declined for too many payments.", 3),
    Decline("card_declined", "lost_card", "Your card was declined.", 2),
    Decline("card_declined", "stolen_card", "Your card was declined.", 1),
    Decline("card_declined", "transaction_not_allowed", "Your card does not support this purchase.", 1),
)
SEPA_RETURNS = (
    Decline("insufficient_funds", "insufficient_funds", "The account has insufficient funds (AM04).", 30),
    Decline("refer_to_customer", "refer_to_customer", "The bank gave no reason (MS03).", 45),
    Decline("debit_not_authorized", "debit_not_authorized", "The debit was not authorised by the payer (MD01).", 12),
    Decline("account_closed", "account_closed", "The account has been closed (AC04).", 8),
    Decline("no_account", "no_account", "The account could not be located (AC01).", 5),
)
DISPUTE_REASONS = (
    ("fraudulent", 45),
    ("subscription_canceled", 25),
    ("product_not_received", 15),
    ("product_unacceptable", 10),
    ("duplicate", 5),
)
REFUND_REASONS = ("requested_by_customer", "duplicate", "fraudulent")

# Event type → id prefix of its object. The position is what the store keeps; only ever append.
EVENTS = (
    ("customer.created", "cus"),
    ("customer.subscription.created", "sub"),
    ("customer.subscription.updated", "sub"),
    ("customer.subscription.deleted", "sub"),
    ("invoice.created", "in"),
    ("invoice.finalized", "in"),
    ("invoice.paid", "in"),
    ("invoice.payment_failed", "in"),
    ("invoice.marked_uncollectible", "in"),
    ("invoice.voided", "in"),
    ("payment_intent.created", "pi"),
    ("payment_intent.processing", "pi"),
    ("payment_intent.succeeded", "pi"),
    ("payment_intent.payment_failed", "pi"),
    ("charge.pending", "ch"),
    ("charge.succeeded", "ch"),
    ("charge.failed", "ch"),
    ("charge.refunded", "ch"),
    ("refund.created", "re"),
    ("charge.dispute.created", "dp"),
    ("charge.dispute.funds_withdrawn", "dp"),
    ("charge.dispute.updated", "dp"),
    ("charge.dispute.funds_reinstated", "dp"),
    ("charge.dispute.closed", "dp"),
    ("payout.created", "po"),
    ("payout.paid", "po"),
    ("payout.reconciliation_completed", "po"),
    ("payment_intent.canceled", "pi"),
)
EVENT_NUMBER = {name: number for number, (name, _) in enumerate(EVENTS)}
EVENT_RETENTION_DAYS = 30
