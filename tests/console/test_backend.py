"""What crosses from a page to a service is what the service's annotations say."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

import pytest
from reflex.istate.proxy import MutableProxy

from console.kit import backend
from console.kit.notices import explain_error
from console.pages.reconciliation.queue_state import BreakQueue
from services.backfills import Pace
from services.core.db import UnitOfWork
from services.core.errors import Invalid

ONE, NOBODY = Decimal(1), uuid.UUID(int=0)


def _count(uow: UnitOfWork, *, numbers: Sequence[int]) -> int:
    return len(numbers)


def test_a_list_of_a_state_crosses_as_a_list():
    state = BreakQueue(_reflex_internal_init=True)  # pyright: ignore[reportCallIssue]
    state.selected = ["7", "9"]
    assert isinstance(state.selected, MutableProxy)
    assert backend.validated(_count, {"numbers": state.selected}) == {"numbers": [7, 9]}


def test_what_does_not_fit_is_named():
    with pytest.raises(Invalid, match="“numbers” cannot be used"):
        backend.validated(_count, {"numbers": "seven"})


def _act(
    uow: UnitOfWork, *, day: dt.date, rows: int = 1, share: Decimal = ONE, who: uuid.UUID | None = None
) -> None: ...


def _pick(uow: UnitOfWork, *, pace: Pace, kind: Literal["a", "b"] = "a") -> None: ...


@pytest.mark.parametrize(
    ("act", "given", "english", "german"),
    [
        (
            _act,
            {"day": "99999-01-01"},
            "“99999-01-01” is not a day of the calendar; write",
            "ist kein Tag des Kalenders",
        ),
        (_act, {"day": ""}, "“day” is missing; fill it in.", "„day“ fehlt"),
        (_act, {}, "“day” is missing; fill it in.", "„day“ fehlt"),
        (_act, {"day": "2026-03-16", "rows": "many"}, "“many” is not a whole number; write", "keine ganze Zahl"),
        (_act, {"day": "2026-03-16", "share": "half"}, "“half” is not a number; write", "ist keine Zahl"),
        (_act, {"day": "2026-03-16", "who": "Ada"}, "“Ada” names no record; choose", "nennt keinen Datensatz"),
        (_pick, {"pace": "warp"}, "“warp” is none of the choices; choose", "steht nicht zur Wahl"),
        (_pick, {"pace": "normal", "kind": "c"}, "“c” is none of the choices; choose", "steht nicht zur Wahl"),
    ],
)
def test_what_was_typed_is_told_what_to_write_instead(act: Any, given: dict[str, str], english: str, german: str):
    with pytest.raises(Invalid) as refused:
        backend.validated(act, given)
    assert refused.value.sentence.startswith(english)
    assert german in explain_error("de", refused.value)[1]
