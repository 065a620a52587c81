"""The money of a backfill by currency, as it is told to people: before, afterwards, and once it was taken back."""

from __future__ import annotations

from services.backfills.freezing import says_what_moves
from services.backfills.models import Backfill
from services.backfills.service import S
from services.backfills.verifying import money_moved
from services.reconciliation import MoneyMoved


def to_move(row: Backfill) -> list[MoneyMoved]:
    """What the dry run predicts; nothing of one that says the net difference alone."""
    if row.dry_run is None or not says_what_moves(row.dry_run):
        return []
    return [
        MoneyMoved(currency=one["currency"] or "", gross_minor=one["gross"], net_minor=one["after"] - one["before"])
        for one in row.dry_run["frozen"]["money"]
    ]


def has_moved(row: Backfill) -> list[MoneyMoved]:
    """What the verification found; nothing before there is one."""
    return money_moved(row.verification) if row.verification else []


def given_back(row: Backfill) -> list[MoneyMoved]:
    """What had moved, the other way round, where every row was restored.

    Nothing where rows were left alone, or where it was taken back before anybody had verified what moved: that would
    have to be measured, and an ended way back waits for nothing.
    """
    if row.state != S.ROLLED_BACK:
        return []
    return [one.model_copy(update={"net_minor": -one.net_minor}) for one in has_moved(row)]
