"""Refusals of the run engine."""

from __future__ import annotations

from services.core.errors import Conflict, Invalid, NotFound
from services.runs.vocabulary import Desired, RunState


class UnknownKind(NotFound):
    """No such kind of run was declared."""

    code = "run_kind_unknown"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no kind of run called “{name}”. `kontor runs kinds` lists them.", kind=name)


class RunNotFound(NotFound):
    """The run does not exist or belongs to an entity the reader may not see."""

    code = "run_not_found"

    def __init__(self, reference: object) -> None:
        super().__init__("There is no such run in the entities you may see.", run=str(reference))


class ScheduleNotFound(NotFound):
    code = "schedule_not_found"

    def __init__(self, reference: object) -> None:
        super().__init__("There is no such schedule in the entities you may see.", schedule=str(reference))


class IllegalTransition(Conflict):
    """The run's state does not allow the step."""

    code = "run_transition_illegal"

    def __init__(self, state: RunState, target: RunState) -> None:
        super().__init__(f"A run that is {state} cannot become {target}.", state=str(state), target=str(target))


class IllegalWish(Conflict):
    """What is asked of the run makes no sense in its state."""

    code = "run_wish_illegal"

    def __init__(self, state: RunState, wish: Desired | str) -> None:
        super().__init__(f"A run that is {state} cannot be asked to {wish}.", state=str(state), wish=str(wish))


class InvalidParams(Invalid):
    """The parameters do not fit the kind; the sentence names each wrong field."""

    code = "run_params_invalid"


class InvalidRule(Invalid):
    """The schedule's rule cannot be read; `code` says which part of it."""

    def __init__(self, problem: str, sentence: str, **data: object) -> None:
        super().__init__(sentence, **data)
        self.code = f"schedule_{problem}"


class StaleSchedule(Conflict):
    """Somebody else edited the schedule meanwhile."""

    code = "schedule_stale"


class LeaseLost(Exception):
    """Another worker has taken the run over; nothing this attempt still writes counts."""
