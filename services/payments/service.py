"""Changing what the console knows of Stripe accounts."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import select

from services import audit, identity, runs
from services.core.db import UnitOfWork
from services.core.errors import Conflict, NotFound
from services.core.permissions import Permission
from services.payments.ingest import Snapshot, ingest, link_payout
from services.payments.models import StripeAccount
from services.payments.refresh import unknown_transactions
from services.payments.views import AccountView
from services.payments.vocabulary import SYNC, StripeObject, SyncParams


def connect_account(
    uow: UnitOfWork, *, entity_id: uuid.UUID, code: str, stripe_account_id: str | None = None
) -> uuid.UUID:
    """Makes the Stripe account that the settings call `code` part of a legal entity; the same again changes nothing.

    Raises NotFound for an unknown entity, Conflict when the code already belongs to another one.
    """
    uow.actor.require(Permission.SETUP_MANAGE)
    zone = _time_zone(uow, entity_id)
    known = uow.session.scalar(select(StripeAccount).where(StripeAccount.code == code))
    if known is not None:
        return _same_account(known, entity_id, stripe_account_id)
    account = StripeAccount(entity_id=entity_id, code=code, stripe_account_id=stripe_account_id, time_zone=zone)
    uow.session.add(account)
    uow.session.flush()
    audit.record(
        uow,
        action="payments.stripe_account.connected",
        subject_type="stripe_account",
        subject_id=account.id,
        entity_id=entity_id,
        after={"code": code, "stripe_account_id": stripe_account_id},
    )
    return account.id


def _same_account(known: StripeAccount, entity_id: uuid.UUID, stripe_account_id: str | None) -> uuid.UUID:
    if known.entity_id != entity_id:
        raise Conflict(f"The Stripe account “{known.code}” already belongs to another legal entity.", code=known.code)
    if stripe_account_id and known.stripe_account_id not in (None, stripe_account_id):
        raise Conflict(
            f"The key of “{known.code}” opens the Stripe account {stripe_account_id}, but this console holds the data "
            f"of {known.stripe_account_id}. Check the key.",
            code=known.code,
        )
    known.stripe_account_id = stripe_account_id or known.stripe_account_id
    return known.id


def _time_zone(uow: UnitOfWork, entity_id: uuid.UUID) -> str:
    for entity in identity.legal_entities(uow, permission=Permission.SETUP_MANAGE):
        if entity.id == entity_id:
            return entity.time_zone
    raise NotFound("There is no such legal entity.")


def confirm_account(uow: UnitOfWork, *, account: AccountView, stripe_account_id: str) -> None:
    """Notes which Stripe account the key opens. Raises Conflict when it is another one than before."""
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    _same_account(uow.session.get_one(StripeAccount, account.id), account.entity_id, stripe_account_id)


def request_sync(uow: UnitOfWork, *, entity_id: uuid.UUID | None = None, after: Sequence[uuid.UUID] = ()) -> uuid.UUID:
    """Queues a sync of all accounts, or of one legal entity's; returns the run."""
    uow.actor.require(Permission.PAYMENT_SYNC, entity_id)
    return runs.enqueue(uow, kind=SYNC, params=SyncParams(entity_id=entity_id), after=after)


def link_payout_parts(uow: UnitOfWork, *, account: AccountView, payout: str, parts: Sequence[Snapshot]) -> int:
    """Notes which balance transactions a payout is made of, storing those not seen before; returns how many are linked.

    `parts` must be all that Stripe lists for the payout.
    """
    uow.actor.require(Permission.PAYMENT_SYNC, account.entity_id)
    refs = [part.raw["id"] for part in parts]
    new = unknown_transactions(uow, account=account, refs=refs)
    kind = StripeObject.BALANCE_TRANSACTION
    ingest(uow, account=account, kind=kind, snapshots=[part for part in parts if part.raw["id"] in new])
    return link_payout(uow, account=account, payout=payout, parts=refs, complete_at=uow.clock.now())
