"""What leaves payments."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from services.payments.vocabulary import StripeObject


@dataclass(frozen=True, slots=True)
class AccountView:
    """A connected Stripe account; `code` is its key in the settings and in the webhook address."""

    id: uuid.UUID
    entity_id: uuid.UUID
    code: str
    time_zone: str
    stripe_account_id: str | None
    connected_at: dt.datetime


@dataclass(frozen=True, slots=True)
class WindowView:
    """A stretch of creation time of one object type, [from_at, to_at), read newest first and `after_ref` by now."""

    id: uuid.UUID
    account: AccountView
    object_type: StripeObject
    from_at: dt.datetime
    to_at: dt.datetime
    after_ref: str | None


@dataclass(frozen=True, slots=True)
class CoverageView:
    """How far one object type of one account is complete."""

    account: str
    object_type: str
    covered_from: dt.datetime
    covered_until: dt.datetime
    read_at: dt.datetime


@dataclass(frozen=True, slots=True)
class WindowCheck:
    """What a comparison with Stripe found for one object type and stretch of time."""

    object_type: StripeObject
    from_at: dt.datetime
    to_at: dt.datetime
    at_stripe: int
    here: int
    missing: list[str]
    unknown: list[str]


@dataclass(frozen=True, slots=True)
class EventView:
    """A received event that waits to be applied."""

    id: uuid.UUID
    event_id: str
    type: str
    object_type: str | None
    object_ref: str | None
    made_at: dt.datetime
    body: bytes
