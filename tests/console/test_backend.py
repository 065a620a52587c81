"""What crosses from a page to a service is what the service's annotations say."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from reflex.istate.proxy import MutableProxy

from console.kit import backend
from console.pages.reconciliation.queue_state import BreakQueue
from services.core.db import UnitOfWork
from services.core.errors import Invalid


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
