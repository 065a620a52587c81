"""The committed matrix: a line for each door, a column for each subject; `make matrix` writes it anew.

`yes`: let in. `no`: refused at the door. `inside`: let in by the door and refused by the service, which asks for more
than the door does. `open`: a public route. `shell`: a command, for whoever has a shell there.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from tests.console.doors import NOBODY, PUBLIC, SHELL, Door
from tests.console.subjects import SUBJECTS, Subject

FILE = Path(__file__).with_name("matrix.csv")
YES, NO, INSIDE, OPEN = "yes", "no", "inside", "open"
HEADS = ("door", "right", *(subject.name for subject in SUBJECTS))

Lines = dict[str, dict[str, str]]


def by_policy(door: Door, subject: Subject) -> str:
    """What identity's policy says of one door: the rights alone decide. Keys open no websocket."""
    if door.right == SHELL:
        return SHELL
    if door.right == PUBLIC:
        return OPEN
    if door.right == NOBODY or (subject.by_key and door.kind in ("event", "page")):
        return NO
    return YES if door.right in {str(right) for right in subject.rights} else NO


def agrees(said: str, policy: str) -> bool:
    """A line may say `inside` where the policy lets in; it never lets in, or refuses, against the policy."""
    return said == policy or (said == INSIDE and policy in (YES, OPEN))


def read() -> Lines:
    """The committed lines by their door; none when the file is to be written for the first time."""
    if not FILE.exists():
        return {}
    with FILE.open(newline="") as file:
        return {row["door"]: row for row in csv.DictReader(file)}


def write(lines: Mapping[str, Mapping[str, str]], doors: list[Door]) -> None:
    """Every door in its order; what was not called this time keeps what the policy says."""
    with FILE.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADS, lineterminator="\n")
        writer.writeheader()
        for door in doors:
            said = {subject.name: by_policy(door, subject) for subject in SUBJECTS}
            writer.writerow({"door": door.line, "right": door.right} | said | dict(lines.get(door.line, {})))
