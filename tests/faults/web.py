"""The web process killed while clients act through it."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any


def storm(folder: Path, kills: int, chance: random.Random) -> dict[str, Any]:
    raise SystemExit("the web target needs the console")
