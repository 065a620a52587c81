"""Sources that are asked: a query against another database and Lexware Office; a killed import of bank files."""

import datetime as dt
import json
import os
from pathlib import Path

import psycopg

from services import bank, books, runs
from services.core.db import Database
from services.core.inbox import Inbox, InboxKind
from tests.conftest import clone_database, drop_database
from tests.factories.bank import Row, Statement, camt
from tests.fakes.lexware_server import KEY, Office, serving, voucher
from tests.jobs.conftest import ACTOR, Processes, state, until
from tests.jobs.test_incoming import entity, names, put, scalar

FIRST = dt.date(2026, 1, 5)


def test_the_night_asks_every_source(database: Database, processes: Processes, tmp_path: Path):
    entity_id, name = entity(database), f"kontor_erp_{os.getpid()}"
    dsn = clone_database(name).replace("+psycopg", "")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE gl AS SELECT now() AS at, 'ch_' || n AS ref, n + 0.5 AS gross FROM generate_series(1, 40) n"
        )
    with database.unit_of_work(ACTOR) as uow:
        source = books.open_source(uow, entity_id=entity_id, code="erp", name="ERP")
        columns = {"posted_at": "at", "reference": "ref", "amount": "gross"}
        mapping = {"columns": columns, "fixed": {"type": "charge", "currency": "EUR"}}
        books.set_mapping(uow, entity_id=entity_id, mapping=mapping, source_code="erp")
        query = {"database": "erp", "statement": "SELECT * FROM gl", "timeout_seconds": 10, "row_cap": 100}
        books.set_query(uow, source_id=source, **query)
        runs.enqueue(uow, kind=books.REFRESH, params=books.RefreshParams())
    with serving(Office([voucher(n) for n in range(3)])) as address:
        processes.environment |= {
            "KONTOR_BOOKS__DATABASES": json.dumps({"erp": dsn}),
            "KONTOR_BOOKKEEPING__LEXWARE": json.dumps({"mh-de": {"api_key": KEY}}),
            "KONTOR_BOOKKEEPING__LEXWARE_API_BASE": address,
        }
        assert processes.start("worker", "--until-idle").wait(240) == 0
    drop_database(name)
    assert scalar(database, "SELECT count(*) FROM ledger_entry") == 40
    assert scalar(database, "SELECT count(*) FROM voucher") == 3
    assert scalar(database, "SELECT count(*) FROM voucher_sync") == 1


def test_a_killed_import_of_statements_leaves_nothing_half_written(
    database: Database, processes: Processes, tmp_path: Path
):
    entity_id = entity(database)
    folder = Inbox(tmp_path).folder("mh-de", InboxKind.BANK)
    files, rows = 12, 150
    for number in range(files):
        booked = [Row("1.00", f"R{number}-{row}") for row in range(rows)]
        opening, closing = f"{number * rows}.00", f"{(number + 1) * rows}.00"
        day = FIRST + dt.timedelta(days=number)
        put(folder, f"{number:02}.xml", camt(Statement(number + 1, day, opening, closing, booked)))
    with database.unit_of_work(ACTOR) as uow:
        run_id = runs.enqueue(uow, kind=bank.IMPORT, params=bank.ImportParams(entity_id=entity_id))
    for kills in range(1, 4):
        worker = processes.start("worker")
        until(lambda kills=kills: len(names(folder / "processed")) >= kills * 2, seconds=120)
        processes.kill(worker)
        assert scalar(database, f"SELECT count(*) % {rows} FROM bank_line") == 0
    processes.start("worker")
    until(lambda: state(database, run_id) is runs.RunState.SUCCEEDED, seconds=120)
    assert scalar(database, "SELECT count(*) FROM bank_line") == files * rows
    assert scalar(database, "SELECT count(*) FROM bank_statement WHERE NOT complete") == 0
    assert (len(names(folder)), len(names(folder / "processed"))) == (0, files)
