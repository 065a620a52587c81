"""Words of the books."""

from __future__ import annotations

DEFAULT_SOURCE = "ledger"
