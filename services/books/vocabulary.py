"""Words of the books, and the mapping that reads a ledger's files."""

from __future__ import annotations

import uuid
from typing import Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.core.permissions import Permission
from services.runs import RunKind

DEFAULT_SOURCE = "ledger"
REQUIRED = ("posted_at", "reference", "type", "amount", "currency")
OPTIONAL = ("entry_id", "fee", "status", "customer", "invoice", "payout")


class Mapping(BaseModel):
    """How the columns of a CSV file are read. The default fits the sandbox's ledger.

    `columns` names the file's column for each field; `fixed` gives a field the same value on every row instead.
    `values` translates what the file writes (`{"type": {"Zahlung": "charge"}}`); what it does not name stays.
    `date_format` is `iso` or a strptime pattern; a time without a zone is in `time_zone`, or the entity's.
    Without an `entry_id` a row is known by reference and type.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: dict[str, str] = Field(default_factory=lambda: {name: name for name in (*REQUIRED, *OPTIONAL)})
    fixed: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    delimiter: Literal[",", ";", "\t", "|"] = ","
    encoding: Literal["utf-8", "latin-1", "cp1252", "utf-16"] = "utf-8"
    decimal_mark: Literal[".", ","] = "."
    date_format: str = Field(default="iso", min_length=2, max_length=40)
    time_zone: str | None = None
    skip_lines: int = Field(default=0, ge=0, le=100)

    @model_validator(mode="after")
    def _is_whole(self) -> Mapping:
        named = self.columns.keys() | self.fixed.keys()
        if unknown := sorted((named | self.values.keys()) - {*REQUIRED, *OPTIONAL}):
            raise ValueError(f"there is no field {', '.join(unknown)}")
        if missing := [field for field in REQUIRED if field not in named]:
            raise ValueError(f"a column or a fixed value is needed for {', '.join(missing)}")
        if self.date_format != "iso" and "%" not in self.date_format:
            raise ValueError("date_format is iso or a pattern such as %d.%m.%Y")
        if self.time_zone is not None and self.time_zone not in available_timezones():
            raise ValueError(f"{self.time_zone} is no time zone")
        return self


class ImportParams(BaseModel):
    """Takes every ledger file that waits in the entity's inbox."""

    entity_id: uuid.UUID


IMPORT = RunKind("books.import", ImportParams, Permission.BOOKS_IMPORT, priority=50, transaction_seconds=3600)
