"""What leaves payments."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccountView:
    """A connected Stripe account; `code` is its key in the settings and in the webhook address."""

    id: uuid.UUID
    entity_id: uuid.UUID
    code: str
    time_zone: str
    stripe_account_id: str | None
    connected_at: dt.datetime
