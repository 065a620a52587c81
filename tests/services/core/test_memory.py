"""How much memory the embedded PostgreSQL takes unless it is said."""

from __future__ import annotations

import psutil
import pytest

from services.core.memory import buffers_mb, usable_mb


@pytest.mark.parametrize(("usable", "kept"), [(256, 128), (2_048, 512), (8_192, 2_048), (65_536, 4_096)])
def test_a_quarter_of_the_memory_within_bounds(usable: int, kept: int):
    assert buffers_mb(usable) == kept


def test_there_is_never_more_than_the_machine_has():
    assert 0 < usable_mb() <= psutil.virtual_memory().total // 1024**2
