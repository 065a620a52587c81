"""What leaves identity."""

from __future__ import annotations

import uuid
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LegalEntityView:
    id: uuid.UUID
    code: str
    name: str
    country: str
    currency: str
    time_zone: str
