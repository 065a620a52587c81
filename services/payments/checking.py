"""Proving that nothing was skipped: the ids Stripe lists for a stretch of time against those stored here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import select

from services.core.db import UnitOfWork
from services.core.permissions import Permission
from services.payments import models
from services.payments.ingest import Snapshot, ingest
from services.payments.models import SyncCursor
from services.payments.views import AccountView, CoverageView, WindowCheck
from services.payments.vocabulary import StripeObject

TABLES = {
    StripeObject.CUSTOMER: models.Customer,
    StripeObject.CHARGE: models.Charge,
    StripeObject.INVOICE: models.Invoice,
    StripeObject.PAYMENT_INTENT: models.Payment,
    StripeObject.REFUND: models.Refund,
    StripeObject.DISPUTE: models.Dispute,
    StripeObject.PAYOUT: models.Payout,
    StripeObject.BALANCE_TRANSACTION: models.BalanceTransaction,
}


def coverage(uow: UnitOfWork, *, account: AccountView) -> list[CoverageView]:
    """How far each object type of an account is complete, in the order a sync reads them."""
    uow.actor.require(Permission.PAYMENT_READ, account.entity_id)
    rows = uow.session.scalars(select(SyncCursor).where(SyncCursor.account_id == account.id))
    known = {row.object_type: row for row in rows}
    return [
        CoverageView(account.code, kind, row.covered_from, row.covered_until, row.read_at)
        for kind in StripeObject
        if (row := known.get(kind)) is not None
    ]


def compare_window(
    uow: UnitOfWork,
    *,
    account: AccountView,
    kind: StripeObject,
    from_at: dt.datetime,
    to_at: dt.datetime,
    listed: Sequence[str],
) -> WindowCheck:
    """Compares what Stripe lists as created in [from_at, to_at) with what is stored of it.

    `unknown` are stored ids that Stripe does not list; deleted customers are no contradiction.
    """
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    table = TABLES[kind]
    query = select(table.stripe_id).where(
        table.entity_id == account.entity_id,
        table.account_id == account.id,
        table.created_at >= from_at,
        table.created_at < to_at,
    )
    if kind is StripeObject.PAYMENT_INTENT:
        query = query.where(table.stripe_id.startswith("pi_"))
    here, there = set(uow.session.scalars(query)), set(listed)
    unknown = set() if kind is StripeObject.CUSTOMER else here - there
    return WindowCheck(kind, from_at, to_at, len(there), len(here), sorted(there - here), sorted(unknown))


def repair_window(uow: UnitOfWork, *, account: AccountView, check: WindowCheck, snapshots: Sequence[Snapshot]) -> int:
    """Stores what a check found missing; returns how many rows came in."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    missing = set(check.missing)
    wanted = [snapshot for snapshot in snapshots if snapshot.raw["id"] in missing]
    return ingest(uow, account=account, kind=check.object_type, snapshots=wanted)


def store_objects(uow: UnitOfWork, *, account: AccountView, kind: StripeObject, snapshots: Sequence[Snapshot]) -> int:
    """Stores objects that were fetched one by one; returns how many rows were new or differed."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    return ingest(uow, account=account, kind=kind, snapshots=snapshots)
