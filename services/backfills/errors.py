"""Refusals of backfills."""

from __future__ import annotations

from services.core.errors import Conflict, Invalid, NotFound


class UnknownDefinition(NotFound):
    """No such definition is registered."""

    code = "backfill_definition_unknown"


class BackfillNotFound(NotFound):
    """There is no such backfill."""

    code = "backfill_not_found"


class IllegalStep(Conflict):
    """The state of the backfill does not allow the step."""

    code = "backfill_step_illegal"

    def __init__(self, state: str, target: str) -> None:
        super().__init__(f"A backfill that is {state} cannot become {target}.", state=state, target=target)


class PlanChanged(Conflict):
    """What would be done now is not what was looked at: data, code, parameters or dry run differ."""

    code = "backfill_plan_changed"


class NotAtWork(Conflict):
    """The backfill was stopped, or another worker has taken it over; nothing of this batch counts."""

    code = "backfill_not_at_work"


class BadDefinition(Invalid):
    """The definition or its parameters cannot be used."""

    code = "backfill_definition_invalid"


class TooManyQuarantined(Conflict):
    """More rows refuse the change than the definition allows."""

    code = "backfill_quarantine_full"


class NotUndoable(Conflict):
    """The definition says that it cannot be undone, or nothing was changed yet."""

    code = "backfill_not_undoable"
