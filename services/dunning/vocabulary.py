"""Words of dunning."""

from __future__ import annotations

from enum import StrEnum


class Age(StrEnum):
    """How many days an invoice is past its due day, in the entity's zone."""

    NOT_DUE = "not_due"
    WEEK = "0-7"
    FORTNIGHT = "8-14"
    MONTH = "15-30"
    TWO_MONTHS = "31-60"
    THREE_MONTHS = "61-90"
    OLDER = "91+"


class Outcome(StrEnum):
    """What became of an invoice whose collection failed at least once. Lost: given up or voided."""

    RECOVERED = "recovered"
    OPEN = "open"
    LOST = "lost"


AGE_LIMITS = ((Age.NOT_DUE, -1), (Age.WEEK, 7), (Age.FORTNIGHT, 14), (Age.MONTH, 30), (Age.TWO_MONTHS, 60),
              (Age.THREE_MONTHS, 90))  # fmt: skip
"""The last day of each age; what is beyond is OLDER."""

MOST_ATTEMPTS = 4  # four failed attempts stand for four and more
RETURN_DAYS = 90
RECOVERY_MONTHS = 12
