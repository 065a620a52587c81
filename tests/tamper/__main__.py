"""`python -m tests.tamper --json`: every way a superuser may change the log, each looked for against a checkpoint
that was exported before. Prints `{"tried": n, "missed": 0, …}`; status 1 when one was missed.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.tamper.attacks import ATTACKS
from tests.tamper.ground import Ground


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--entries", type=int, default=1_200)
    parser.add_argument("--rounds", type=int, default=2, help="each attack at so many random places")
    parser.add_argument("--seed", type=int, default=6962)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kontor-tamper-"))
    folder.chmod(0o755)
    started, tried, missed, found_as = time.monotonic(), 0, [], {}
    ground = Ground(folder, asked.entries)
    try:
        if not ground.verify_untouched():
            sys.stderr.write("the untouched log does not verify\n")
            return 1
        for number in range(asked.rounds):
            for attack in ATTACKS:
                kinds = ground.attacked(attack, random.Random(f"{asked.seed}/{number}/{attack.__name__}"))
                tried += 1
                found_as[attack.__name__] = sorted(kinds)
                if not kinds:
                    missed.append(attack.__name__)
    finally:
        ground.end()
        shutil.rmtree(folder, ignore_errors=True)
    told = {
        "tried": tried,
        "missed": len(missed),
        "missed_attacks": sorted(set(missed)),
        "entries": asked.entries,
        "seconds": round(time.monotonic() - started, 1),
        "found_as": found_as,
    }
    line = json.dumps(told, indent=2) if asked.json else f"{tried} tried, {len(missed)} missed {missed}"
    sys.stdout.write(line + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
