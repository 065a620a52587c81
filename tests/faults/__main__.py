"""`python -m tests.faults --target worker|clock|postgres|web|backfill|recon --kills 20 --json`: what kill -9 costs.

A real embedded PostgreSQL and real processes in a folder of their own; processes are killed at random points
while work goes on. Printed is what was lost and what was done twice: both have to be 0.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

from tests.faults import backfill, clock, postgres, recon, web, worker

TARGETS = {
    "worker": worker.storm,
    "clock": clock.storm,
    "postgres": postgres.storm,
    "web": web.storm,
    "backfill": backfill.storm,
    "recon": recon.storm,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--target", choices=TARGETS, required=True)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--pg-stops", type=int, default=0, help="stops of the database (backfill)")
    parser.add_argument("--freezes", type=int, default=0, help="workers frozen for longer than their lease (backfill)")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of a sentence")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.randrange(10**6)
    with tempfile.TemporaryDirectory(prefix="kontor-faults-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        more = {"pg_stops": options.pg_stops, "freezes": options.freezes} if options.target == "backfill" else {}
        result = TARGETS[options.target](Path(folder), options.kills, random.Random(seed), **more)
    result = {"target": options.target, **result, "seed": seed}
    line = json.dumps(result) if options.json else ", ".join(f"{name}: {value}" for name, value in result.items())
    sys.stdout.write(line + "\n")
    return 1 if result["lost"] or result["doubled"] else 0


if __name__ == "__main__":
    sys.exit(main())
