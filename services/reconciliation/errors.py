"""Refusals of reconciliation, each a sentence that says what to do."""

from __future__ import annotations

from services.core.errors import Conflict, DomainError, Forbidden, Invalid, NotFound

__all__ = [
    "BreakNotFound",
    "DifferenceUnexplained",
    "NotSecondPerson",
    "OlderThanLastRun",
    "PeriodNotFound",
    "ReasonMissing",
    "RunNotFound",
    "SignatureRefused",
    "StaleBreak",
    "StepNotAllowed",
]


class RunNotFound(NotFound):
    code = "reconciliation.run_not_found"


class BreakNotFound(NotFound):
    code = "reconciliation.break_not_found"


class PeriodNotFound(NotFound):
    code = "reconciliation.period_not_found"


class OlderThanLastRun(Conflict):
    """A run may not look back behind the newest one, or breaks would close that are still there."""

    code = "reconciliation.older_than_last_run"


class DifferenceUnexplained(DomainError):
    """Left minus right is not the sum of breaks and expected items: a fault of the engine, so nothing is stored."""

    code = "reconciliation.difference_unexplained"


class NotSecondPerson(Forbidden):
    """The one who started a run may not sign it."""

    code = "reconciliation.not_second_person"


class SignatureRefused(Conflict):
    """The run is not one that may be signed; `why` names the obstacle."""

    code = "reconciliation.signature_refused"


class ReasonMissing(Invalid):
    code = "reconciliation.reason_missing"


class StaleBreak(Conflict):
    """Somebody changed the break since it was read; `changed` holds what stands now."""

    code = "reconciliation.stale_break"


class StepNotAllowed(Conflict):
    code = "reconciliation.step_not_allowed"
