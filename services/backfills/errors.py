"""Refusals of backfills."""

from __future__ import annotations

from services.core.errors import Conflict, Invalid, NotFound, Unavailable


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


class NothingLeft(Conflict):
    """The run has nothing to do: its work is done, or was asked for anew, or taken from it. No failure."""

    code = "backfill_nothing_left"


class BadDefinition(Invalid):
    """The definition or its parameters cannot be used."""

    code = "backfill_definition_invalid"


class TooManyQuarantined(Conflict):
    """More rows refuse the change than the definition allows."""

    code = "backfill_quarantine_full"


class NotUndoable(Conflict):
    """The definition says that it cannot be undone, or nothing was changed yet."""

    code = "backfill_not_undoable"


class OutsideWindow(Conflict):
    """No release window is open now, or there is a freeze; a planned start waits for the next opening."""

    code = "backfill_outside_window"


class BadWindow(Invalid):
    """A release window or a freeze cannot be used as it was given."""

    code = "backfill_window_invalid"


class WindowNotFound(NotFound):
    """There is no such release window or freeze."""

    code = "backfill_window_not_found"


class StaleWindow(Conflict):
    """Somebody changed the window since it was read."""

    code = "backfill_window_stale"


class FlagsNotConnected(Unavailable):
    """No flag service is connected."""

    code = "backfill_flags_not_connected"


class TargetBusy(Conflict):
    """The target refused for a moment: a lock or a time limit. Nothing of the batch counts."""

    code = "backfill_target_busy"


class TargetUnavailable(Unavailable):
    """The database a definition works in is not set up, does not answer, or lacks what is needed."""

    code = "backfill_target_unavailable"


class DeviationsOpen(Conflict):
    """The verification deviates and the deviations are not explained."""

    code = "backfill_deviations_open"
