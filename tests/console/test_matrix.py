"""Every permission, at every door, for everybody: each really called, and held against the committed matrix.

`make matrix` writes tests/console/matrix.csv from what it finds; the change to it is what a review looks at.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from services.bootstrap import Application
from services.core.permissions import Permission
from tests.console import doors, matrix
from tests.console.events import a_tab
from tests.console.foreign import Foreign, lay_down
from tests.console.knocking import contents, knock_at_page, knock_by_event, knock_over_http, refusals, refused_events
from tests.console.matrix import NO, by_policy
from tests.console.subjects import SUBJECTS, Subject

_WRITE = "KONTOR_WRITE_MATRIX"
_DOORS = doors.every_door()
_BY_BROWSER = [door for door in _DOORS if door.kind in ("event", "page")]
_OVER_HTTP = [door for door in _DOORS if door.kind in ("route", "export")]
_SUBJECTS = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
_WRITING = bool(os.environ.get(_WRITE))


@pytest.fixture
def foreign(web: Application) -> Foreign:
    return lay_down(web)


def test_every_door_has_a_line_and_every_line_a_door():
    assert Counter(door.line for door in _DOORS).most_common(1)[0][1] == 1
    assert set(matrix.read()) == {door.line for door in _DOORS}, "run `make matrix` and look at what it changed"


def test_no_line_says_more_or_less_than_the_policy():
    lines = matrix.read()
    wrong = [
        f"{door.line} for {subject.name}: {lines[door.line][subject.name]}"
        for door in _DOORS
        for subject in SUBJECTS
        if not matrix.agrees(lines[door.line][subject.name], by_policy(door, subject))
        or lines[door.line]["right"] != door.right
    ]
    assert wrong == []


def test_every_right_is_asked_for_somewhere():
    """By a door, or by a service behind one that asks for less: those are named here."""
    behind = {
        Permission.PAYMENT_SYNC,
        Permission.RUN_EXECUTE,
        Permission.AUDIT_SEAL,
        Permission.AUDIT_ERASE,
        Permission.APPROVAL_VOTE_FINANCE,
        Permission.APPROVAL_VOTE_OPS,
        Permission.APPROVAL_VOTE_DEV,
    }
    assert {str(right) for right in set(Permission) - behind} <= {door.right for door in _DOORS}


@_SUBJECTS
@pytest.mark.timeout(900)
async def test_pages_and_events(web: Application, foreign: Foreign, subject: Subject):
    if subject.by_key:
        pytest.skip("a key opens no websocket: as anonymous")
    caller = subject.arrive(web, None)
    refused, let_in = _parted(_BY_BROWSER, subject)
    said: dict[str, str] = {}
    frame: dict[str, object] = {}
    for some, quiet in ((refused, True), (let_in, False)):
        before, (refusals_before, others_before) = contents(web), refusals(web)
        async with a_tab() as tab:
            for door in some:
                caller.refresh()
                tab.secret, tab.route, tab.path = caller.secret, "/", "/"
                knock = (
                    knock_at_page(tab, door, foreign, frame)
                    if door.kind == "page"
                    else knock_by_event(tab, door, foreign)
                )
                said[door.line] = await knock
        if quiet:
            handlers = sum(door.kind == "event" for door in some)
            assert contents(web) == before
            assert refusals(web) == (refusals_before + (handlers if caller.secret else 0), others_before)
    refused_there = refused_events(web)
    at_the_door = {door.line: NO for door in _BY_BROWSER if door.kind == "event" and _full(door) in refused_there}
    _settle(subject, said | at_the_door)


@_SUBJECTS
@pytest.mark.timeout(900)
def test_routes_and_exports(web: Application, foreign: Foreign, subject: Subject, monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    caller = subject.arrive(web, None)
    refused, let_in = _parted(_OVER_HTTP, subject)
    before, (refusals_before, others_before) = contents(web), refusals(web)
    said = {door.line: knock_over_http(door, caller, foreign) for door in refused}
    assert contents(web) == before
    known = len(refused) if caller.secret or caller.bearer else 0
    assert refusals(web) == (refusals_before + known, others_before)
    for door in let_in:
        caller.refresh()
        said[door.line] = knock_over_http(door, caller, foreign)
    _settle(subject, said)


def _full(door: doors.Door) -> str:
    return door.target.full_name


def _parted(some: list[doors.Door], subject: Subject) -> tuple[list[doors.Door], list[doors.Door]]:
    refused = [door for door in some if by_policy(door, subject) == NO]
    return refused, [door for door in some if by_policy(door, subject) != NO]


def _settle(subject: Subject, said: dict[str, str]) -> None:
    """Holds what came of the calls against the file, or writes it there."""
    lines = matrix.read()
    if _WRITING:
        for line, outcome in said.items():
            lines.setdefault(line, {})[subject.name] = outcome
        matrix.write(lines, _DOORS)
        return
    assert {line: outcome for line, outcome in said.items() if lines[line][subject.name] != outcome} == {}
