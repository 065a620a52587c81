"""What one comparison looks at, and the temporary tables in which its result stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.reconciliation.workdays import WEEKENDS, BusinessCalendar

EXPECTED_NOW = """
CREATE TEMP TABLE recon_expected_now (side varchar, ext_key varchar COLLATE "C", occurrence smallint,
    amount_minor bigint, currency varchar, booked_on date, why varchar) ON COMMIT DROP
"""
GROUP_NOW = """
CREATE TEMP TABLE recon_group_now (fingerprint varchar, rule varchar, confidence_percent smallint, why varchar,
    side varchar, source_id smallint, ext_key varchar COLLATE "C", occurrence smallint, amount_minor bigint,
    currency varchar, runner_up varchar, allocated_minor bigint) ON COMMIT DROP
"""
CLEAR = (
    "DROP TABLE IF EXISTS pg_temp.recon_found, pg_temp.recon_expected_now, pg_temp.recon_group_now, "
    "pg_temp.recon_dirty_now, pg_temp.recon_sides_now, pg_temp.recon_change, pg_temp.recon_rated"
)


def moment(column: str) -> str:
    """How a finding keeps a moment, as SQL: UTC to the second."""
    return f"to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"


@dataclass(frozen=True, slots=True)
class Scene:
    """What one run looks at: the ids of both feeds, the last business day, the parameters of its rules
    and the business days of its legal entity."""

    left: int
    right: int
    through: Any
    parameters: dict[str, Any]
    calendar: BusinessCalendar = WEEKENDS

    def is_late(self, left: str, right: str) -> str:
        """Whether two moments lie further apart than the rules allow, as SQL. Days of rest are forgiven afterwards."""
        window = f"interval '{24 * int(self.parameters['timing_days'])} hours'"
        return f"{left} > {right} + {window} OR {right} > {left} + {window}"

    @property
    def values(self) -> dict[str, Any]:
        return {"left": self.left, "right": self.right, "through": self.through}
