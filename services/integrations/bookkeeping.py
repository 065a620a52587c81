"""What a bookkeeping service is to the console: pages of vouchers, and a call when one changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.core.errors import Invalid, Unavailable


class BookkeepingUnavailable(Unavailable):
    """The bookkeeping service does not answer, or asks for patience longer than a run has."""

    code = "bookkeeping_unavailable"


class BookkeepingRefused(Invalid):
    """The bookkeeping service refuses the key or the request."""

    code = "bookkeeping_refused"


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher as the service says it; `total` and `open` are decimal texts in `currency`, `open` None where the
    service does not say."""

    external_id: str
    kind: str
    status: str
    number: str
    voucher_on: dt.date
    due_on: dt.date | None
    updated_at: dt.datetime
    contact: str | None
    total: str
    open: str | None
    currency: str
    archived: bool


@dataclass(frozen=True, slots=True)
class VoucherPage:
    vouchers: Sequence[Voucher]
    number: int
    total_pages: int


class Bookkeeping(Protocol):
    """A bookkeeping service of one legal entity."""

    @property
    def provider(self) -> str: ...

    def pages(self, updated_from: dt.date | None) -> Iterator[VoucherPage]:
        """Vouchers changed on or after the day (all for None), each page as it comes, oldest change first."""
        ...

    def subscribe(self, callback_url: str) -> int:
        """Asks to be called at `callback_url` for every change of a voucher; returns how many events are new."""
        ...

    def close(self) -> None: ...
