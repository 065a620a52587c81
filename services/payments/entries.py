"""What reconciliation reads: entries under the labels that books and bank use too.

Every function returns a Select without a scope of its own; the run that executes it acts for one entity.
`changed_seq` grows in commit order, so what a reader saw up to n never changes under a number below n.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Select, Text, cast, func, literal, null, select

from services.payments.models import BalanceTransaction, Payout, StripeAccount
from services.payments.vocabulary import PAYOUT_CATEGORIES


def settlement_entries(*, after_seq: int = 0) -> Select:
    """One row for each balance transaction but payouts: gross amount signed, fee positive.

    `ext_key` is `<source id>:<reporting category>` (its own id where Stripe names no source), `status` the present
    state of the source, `batch_ref` the payout, `origin` the balance transaction.
    """
    bt = BalanceTransaction
    return (
        select(
            bt.entity_id.label("entity_id"),
            StripeAccount.code.label("account"),
            (func.coalesce(bt.source_ref, bt.stripe_id) + ":" + bt.reporting_category).label("ext_key"),
            bt.amount_minor.label("amount_minor"),
            bt.currency.label("currency"),
            bt.fee_minor.label("fee_minor"),
            bt.status.label("status"),
            bt.created_at.label("occurred_at"),
            bt.booked_on.label("booked_on"),
            bt.description.label("reference"),
            bt.payout_ref.label("batch_ref"),
            bt.stripe_id.label("origin"),
            bt.changed_seq.label("changed_seq"),
        )
        .join(StripeAccount, StripeAccount.id == bt.account_id)
        .where(bt.reporting_category.not_in(PAYOUT_CATEGORIES), bt.changed_seq > after_seq)
    )


def payout_entries(*, after_seq: int = 0) -> Select:
    """One row for each payout, positive when money went to the bank.

    `occurred_at` and `booked_on` are the day the bank is to have it (Stripe's arrival date); `reference` is the
    bank's trace id where Stripe knows it, else the statement descriptor, else the payout id.
    """
    return (
        select(
            Payout.entity_id.label("entity_id"),
            StripeAccount.code.label("account"),
            Payout.stripe_id.label("ext_key"),
            Payout.amount_minor.label("amount_minor"),
            Payout.currency.label("currency"),
            cast(null(), BigInteger).label("fee_minor"),
            Payout.status.label("status"),
            Payout.arrival_at.label("occurred_at"),
            Payout.arrival_on.label("booked_on"),
            func.coalesce(Payout.trace_ref, Payout.statement_descriptor, Payout.stripe_id).label("reference"),
            cast(null(), Text).label("batch_ref"),
            Payout.stripe_id.label("origin"),
            Payout.changed_seq.label("changed_seq"),
        )
        .join(StripeAccount, StripeAccount.id == Payout.account_id)
        .where(Payout.changed_seq > after_seq)
    )


def payout_composition() -> Select:
    """For each automatic payout whose parts were read completely: the sum of their net amounts and their number.

    Labels `entity_id, payout, currency, net_sum_minor, count`; the payout's own negative row is left out, so
    `net_sum_minor` must equal the payout's amount. A payout without any part has the sum 0.
    """
    bt = BalanceTransaction
    parts = (bt.account_id == Payout.account_id) & (bt.payout_ref == Payout.stripe_id)
    return (
        select(
            Payout.entity_id.label("entity_id"),
            Payout.stripe_id.label("payout"),
            Payout.currency.label("currency"),
            func.coalesce(func.sum(bt.net_minor), literal(0)).label("net_sum_minor"),
            func.count(bt.id).label("count"),
        )
        .outerjoin(bt, parts & bt.reporting_category.not_in(PAYOUT_CATEGORIES))
        .where(Payout.automatic, Payout.composed_at.is_not(None))
        .group_by(Payout.entity_id, Payout.stripe_id, Payout.currency)
    )
