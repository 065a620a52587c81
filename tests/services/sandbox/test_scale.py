"""A large world is made in a stream: memory does not grow with it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from services import sandbox

NOW = dt.datetime(2026, 11, 18, 14, 30, tzinfo=dt.UTC)
_PEAK_MB = 400
_SCRIPT = """
import datetime as dt, sys
from pathlib import Path
from services import sandbox
sandbox.seed(Path(sys.argv[1]), seed="scale", days=60, per_day=3400, now=dt.datetime.fromisoformat(sys.argv[2]))
status = Path("/proc/self/status").read_text()  # ru_maxrss would count the process that started this one
print(int(status.split("VmHWM:")[1].split()[0]) // 1024)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_thousand_payments_in_bounded_memory(tmp_path: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(tmp_path), NOW.isoformat()],
        capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    assert int(made.stdout) < _PEAK_MB
    truth = sandbox.truth(tmp_path, now=NOW)["definitions"]
    assert min(truth["settlement"]["counts"].values()) > 80
    assert min(truth["payouts"]["counts"].values()) >= 8
    lines = sum(
        len(path.read_text().splitlines()) - 1 for path in (tmp_path / "inbox").rglob("ledger-*.csv")
    )  # fmt: skip
    assert lines > 200_000
