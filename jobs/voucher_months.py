"""Adding up the months of books beside vouchers that a change has asked for."""

from __future__ import annotations

import uuid

from jobs.runner import RunContext
from services import books


def add_up_vouchers(ctx: RunContext, entity_id: uuid.UUID) -> None:
    """One transaction a month, so that a delivery never waits long for it."""
    with ctx.unit_of_work() as uow:
        stale = books.stale_voucher_months(uow, entity_id=entity_id)
    for first_day in stale:
        ctx.safe_point()
        with ctx.unit_of_work() as uow:
            books.roll_voucher_month(uow, entity_id=entity_id, first_day=first_day)
