"""What leaves reconciliation about rules."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.reconciliation.vocabulary import Definition


@dataclass(frozen=True, slots=True)
class RuleVersionView:
    version: int
    parameters: Mapping[str, Any]
    note: str | None
    author: str | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class BacktestView:
    """What a draft would have found otherwise over the last runs; examples are (more|fewer, key, class, day)."""

    runs: int
    more: int
    fewer: int
    more_by_class: Mapping[str, int]
    fewer_by_class: Mapping[str, int]
    examples: tuple[tuple[str, str, str, str], ...]
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class RuleBookView:
    """A definition's rules: what holds, what was, and the draft (None where nobody works on one)."""

    definition: Definition
    version: int
    limit_ppm: int
    parameters: Mapping[str, Any]
    versions: tuple[RuleVersionView, ...]
    draft: Mapping[str, Any] | None
    draft_note: str
    draft_version: int
    drafted_by: str | None
    backtest: BacktestView | None
    request_id: uuid.UUID | None
