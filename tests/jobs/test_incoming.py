"""The watched folder: taken once, moved after the commit, the same result whenever the worker is killed."""

import datetime as dt
import os
import time
from pathlib import Path

from sqlalchemy import text

from services import bank, books, runs
from services.core.db import Database
from services.core.inbox import Inbox, InboxKind
from tests.factories.bank import MONDAY, Row, Statement, camt, zipped
from tests.factories.books import HEAD, line
from tests.factories.identity import an_entity
from tests.jobs.conftest import ACTOR, Processes, state, until


def put(folder: Path, name: str, data: bytes, *, age: float = 10) -> None:
    path = folder / name
    path.write_bytes(data)
    os.utime(path, (time.time() - age, time.time() - age))


def entity(database: Database):
    with database.unit_of_work(ACTOR) as uow:
        return an_entity(uow)


def scan(database: Database):
    with database.unit_of_work(ACTOR) as uow:
        return runs.enqueue(uow, kind=bank.SCAN, params=bank.ScanParams())


def scalar(database: Database, sql: str):
    with database.unit_of_work(ACTOR) as uow:
        return uow.session.execute(text(sql)).scalar_one()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def test_a_scan_takes_what_waits_and_moves_it(database: Database, processes: Processes, tmp_path: Path):
    entity(database)
    statements, ledgers = (Inbox(tmp_path).folder("mh-de", kind) for kind in (InboxKind.BANK, InboxKind.BOOKS))
    statement = camt(Statement(1, MONDAY, "0.00", "10.00", [Row("10.00", "A")]))
    put(statements, "good.zip", zipped({"a.xml": statement}))
    put(statements, "bad.xml", b"rubbish")
    put(statements, "still-copying.xml.part", statement)
    put(statements, ".hidden.xml", statement)
    put(ledgers, "ledger.csv", f"{HEAD}\n{line(1)}\nbroken\n".encode())
    run_id = scan(database)
    assert processes.start("worker", "--until-idle").wait(60) == 0
    assert state(database, run_id) is runs.RunState.SUCCEEDED
    assert names(statements) == [".hidden.xml", "still-copying.xml.part"]
    assert (names(statements / "processed"), names(statements / "rejected")) == (["good.zip"], ["bad.xml"])
    assert (names(ledgers), names(ledgers / "processed")) == ([], ["ledger.csv"])
    with database.unit_of_work(ACTOR) as uow:
        assert [(f.name, f.status, f.origin) for f in bank.files(uow, status=None)][::-1] == [
            ("bad.xml", "rejected", "folder"),
            ("good.zip", "imported", "folder"),
        ]
        (file,) = books.files(uow)
        assert (file.rows_new, file.rows_rejected) == (1, 1)


def test_a_file_that_comes_again_is_moved_and_changes_nothing(database: Database, processes: Processes, tmp_path: Path):
    entity(database)
    folder = Inbox(tmp_path).folder("mh-de", InboxKind.BANK)
    data = camt(Statement(1, MONDAY, "0.00", "10.00", [Row("10.00", "A")]))
    for name in ("one.xml", "two.xml"):
        put(folder, name, data)
        scan(database)
        assert processes.start("worker", "--until-idle").wait(60) == 0
    assert names(folder / "processed") == ["one.xml", "two.xml"]
    assert scalar(database, "SELECT count(*) FROM bank_line") == 1
    assert scalar(database, "SELECT count(*) FROM bank_file") == 1


def test_a_growing_file_is_left_until_it_is_whole(database: Database, processes: Processes, tmp_path: Path):
    entity_id = entity(database)
    folder = Inbox(tmp_path).folder("mh-de", InboxKind.BOOKS)
    with database.unit_of_work(ACTOR) as uow:
        run_id = runs.enqueue(uow, kind=books.IMPORT, params=books.ImportParams(entity_id=entity_id))
    path = folder / "ledger.csv"
    path.write_text(f"{HEAD}\n")
    worker = processes.start("worker", "--until-idle")
    for number in range(1, 26):
        with path.open("a") as stream:
            stream.write(line(number, f"ch_{number}") + "\n")
        time.sleep(0.1)
    assert worker.wait(60) == 0
    assert state(database, run_id) is runs.RunState.SUCCEEDED
    assert scalar(database, "SELECT rows_read FROM ledger_file") == 25


def test_killed_in_the_middle_nothing_is_lost_or_doubled(database: Database, processes: Processes, tmp_path: Path):
    entity_id = entity(database)
    ledgers = Inbox(tmp_path).folder("mh-de", InboxKind.BOOKS)
    files, rows = 24, 400
    for day in range(files):
        lines = [line(day * rows + n, f"ch_{day}_{n}") for n in range(rows)]
        put(ledgers, f"ledger-{MONDAY + dt.timedelta(days=day)}.csv", "\n".join([HEAD, *lines, ""]).encode())
    with database.unit_of_work(ACTOR) as uow:
        run_id = runs.enqueue(uow, kind=books.IMPORT, params=books.ImportParams(entity_id=entity_id))
    for kills in range(1, 4):
        worker = processes.start("worker")
        until(lambda kills=kills: len(names(ledgers / "processed")) >= kills * 4)
        processes.kill(worker)
    processes.start("worker")
    until(lambda: state(database, run_id) is runs.RunState.SUCCEEDED, seconds=60)
    assert scalar(database, "SELECT count(*) FROM ledger_entry") == files * rows
    assert scalar(database, "SELECT count(*) FROM ledger_entry WHERE occurrence > 0") == 0
    assert scalar(database, "SELECT sum(rows_new) FROM ledger_file") == files * rows
    assert (len(names(ledgers)), len(names(ledgers / "processed"))) == (0, files)
