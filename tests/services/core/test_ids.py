"""Ids carry the time they were made, and sort as they were made."""

from __future__ import annotations

import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from services.core.ids import new_id


def test_an_id_is_a_uuid_of_version_7_with_the_milliseconds_in_front():
    before = time.time_ns() // 1_000_000
    made = new_id()
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= time.time_ns() // 1_000_000 + 1


def test_ids_of_one_millisecond_sort_as_they_were_made():
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(made)


def test_a_clock_that_is_set_back_makes_none_smaller(monkeypatch: pytest.MonkeyPatch):
    former, an_hour_ago = new_id(), time.time_ns() - 3_600 * 10**9
    monkeypatch.setattr("services.core.ids.time.time_ns", lambda: an_hour_ago)
    assert former < new_id() < new_id()


def test_threads_side_by_side_never_make_the_same():
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: new_id(), range(20_000)))
    assert len({one.int >> 64 for one in made}) == 20_000
