"""A few kills; `python -m tests.faults --target recon --kills 30` strikes oftener."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

from tests.faults import recon


def test_killed_at_any_point_the_end_is_the_same():
    with tempfile.TemporaryDirectory(prefix="kontor-kills-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        found = recon.storm(Path(folder), 2, random.Random(4), size=300)
    assert (found["lost"], found["doubled"], found["differing"]) == (0, 0, [])
