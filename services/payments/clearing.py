"""The Stripe balance as a clearing account: opening, what moved it, closing, and what the closing consists of."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission

_LISTED = 20  # payouts that do not add up, named on the page
_MOVED = """
SELECT currency, reporting_category AS category, booked_on < :first AS before, sum(items) AS items,
       sum(amount_minor) AS gross, sum(fee_minor) AS fee, sum(net_minor) AS net
FROM balance_day WHERE entity_id = :entity AND booked_on <= :last AND items > 0 GROUP BY 1, 2, 3
"""
# Every row of the balance belongs to exactly one part, so the parts add up to the closing by construction; that a
# payout's own rows leave nothing is what has to be shown.
_PARTS = """
WITH rows AS (
    SELECT b.currency, b.items, b.net_minor, b.reporting_category AS category, nullif(b.payout_ref, '') AS payout_ref,
           b.account_id, b.paid_ref
    FROM balance_day b WHERE b.entity_id = :entity AND b.booked_on <= :last AND b.items > 0
), paid AS (
    SELECT account_id, paid_ref AS payout_ref FROM rows WHERE category = 'payout' AND payout_ref IS NOT NULL
    GROUP BY 1, 2
), parts AS (
    SELECT r.currency, r.items, r.net_minor, r.category, r.payout_ref,
           CASE WHEN r.payout_ref IS NOT NULL AND p.payout_ref IS NOT NULL THEN 'composed'
                WHEN r.payout_ref IS NOT NULL THEN 'later'
                WHEN r.category = 'payout' THEN 'by_hand'
                WHEN r.category = 'payout_reversal' THEN 'returned'
                ELSE 'waiting' END AS part
    FROM rows r LEFT JOIN paid p USING (account_id, payout_ref)
), whole AS (
    SELECT currency, payout_ref, sum(items) AS items, sum(net_minor) AS net FROM parts WHERE part = 'composed'
    GROUP BY 1, 2
)
SELECT currency, part, category, NULL::varchar AS payout_ref, sum(items) AS items, sum(net_minor) AS net
FROM parts WHERE part <> 'composed' GROUP BY 1, 2, 3
UNION ALL
SELECT currency, 'composed', 'payout', NULL, count(*), 0 FROM whole WHERE net = 0 GROUP BY 1
UNION ALL
SELECT currency, 'off', 'payout', payout_ref, items, net FROM whole WHERE net <> 0
"""


@dataclass(frozen=True, slots=True)
class ClearingMove:
    """Movements of one reporting category in the period; minor units, net = gross less fee."""

    category: str
    items: int
    gross_minor: int
    fee_minor: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class ClearingPart:
    """What a part of the closing balance is.

    `waiting`: not in a payout yet; `later`: in a payout made after the period; `by_hand`: manual and instant payouts,
    which Stripe links to no movements; `returned`: payouts that came back; `off`: a payout whose parts do not add up
    to it (`payout_ref`); `composed`: payouts that are explained to the cent.
    """

    part: str
    category: str
    payout_ref: str | None
    items: int
    net_minor: int


@dataclass(slots=True)
class ClearingView:
    """One currency's balance over a period; opening plus the moves is the closing, and the parts add up to it."""

    currency: str
    opening_minor: int = 0
    moves: list[ClearingMove] = field(default_factory=list)
    parts: list[ClearingPart] = field(default_factory=list)

    @property
    def closing_minor(self) -> int:
        return self.opening_minor + sum(move.net_minor for move in self.moves)

    @property
    def unexplained_minor(self) -> int:
        """What payouts leave that do not add up, and what the parts miss of the closing."""
        missed = self.closing_minor - sum(part.net_minor for part in self.parts)
        return missed + sum(part.net_minor for part in self.parts if part.part == "off")

    @property
    def explained(self) -> bool:
        """Whether every payout adds up to the cent, and the parts to the closing."""
        off = any(part.part == "off" for part in self.parts)
        return not off and self.unexplained_minor == 0


def clearing_account(
    uow: UnitOfWork, *, entity_id: uuid.UUID, first_day: dt.date, last_day: dt.date
) -> list[ClearingView]:
    """The balance of one legal entity at Stripe from a business day through another, by currency. Raises Invalid for
    days in the wrong order."""
    uow.actor.require(Permission.PAYMENT_READ, entity_id)
    if last_day < first_day:
        raise Invalid("The last day of a period cannot be before its first.")
    values: dict[str, Any] = {"entity": entity_id, "first": first_day, "last": last_day}
    found: dict[str, ClearingView] = {}
    for row in uow.session.execute(text(_MOVED), values):
        view = found.setdefault(row.currency, ClearingView(row.currency))
        if row.before:
            view.opening_minor += int(row.net)
        else:
            move = ClearingMove(row.category, int(row.items), int(row.gross), int(row.fee), int(row.net))
            view.moves.append(move)
    listed: dict[str, int] = defaultdict(int)
    for row in uow.session.execute(text(_PARTS), values):
        listed[row.currency] += row.part == "off"
        view = found[row.currency]
        if row.part == "off" and listed[row.currency] > _LISTED:
            _add_to_last(view, int(row.items), int(row.net))
        else:
            view.parts.append(ClearingPart(row.part, row.category, row.payout_ref, int(row.items), int(row.net)))
    for view in found.values():
        view.moves.sort(key=lambda move: -abs(move.net_minor))
    return [found[currency] for currency in sorted(found)]


def _add_to_last(view: ClearingView, items: int, net_minor: int) -> None:
    """Payouts beyond those that are named count together, without a name."""
    last = next((part for part in view.parts if part.part == "off" and part.payout_ref is None), None)
    if last is not None:
        view.parts.remove(last)
        items, net_minor = items + last.items, net_minor + last.net_minor
    view.parts.append(ClearingPart("off", "payout", None, items, net_minor))
