"""`kontor import …`."""

import json
from pathlib import Path

from services.core.actor import Actor
from services.core.db import Database
from tests.console.commands.conftest import Kontor
from tests.factories.bank import MONDAY, Row, Statement, camt
from tests.factories.books import HEAD, line
from tests.factories.identity import an_entity


def with_entity(database: Database) -> None:
    with database.unit_of_work(Actor.system("test")) as uow:
        an_entity(uow)


def test_a_statement_is_taken_once_and_its_report_printed(kontor: Kontor, database: Database, capsys, tmp_path: Path):
    with_entity(database)
    path = tmp_path / "day.xml"
    path.write_bytes(camt(Statement(1, MONDAY, "0.00", "10.00", [Row("10.00", "A"), Row("x", "B")])))
    assert kontor("import", "bank", str(path), "--entity", "mh-de", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["report"]["rows_new"], told["report"]["rows_rejected"]) == (1, 1)
    assert told["rejections"][0]["line"] == 3
    assert kontor("import", "bank", str(path), "--entity", "mh-de") == 0
    assert "was taken before" in capsys.readouterr().out
    assert path.exists()


def test_a_ledger_file_that_fits_no_mapping_ends_with_status_1(
    kontor: Kontor, database: Database, capsys, tmp_path: Path
):
    with_entity(database)
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(f"{HEAD}\n{line(1)}\n")
    bad.write_text("x;y\n1;2\n")
    assert kontor("import", "books", str(good), "--entity", "mh-de") == 0
    assert "1 rows read, 1 new" in capsys.readouterr().out
    assert kontor("import", "books", str(bad), "--entity", "mh-de") == 1
    assert "has no column" in capsys.readouterr().out
    assert kontor("import", "books", str(good), "--entity", "nobody") == 1


def test_the_mapping_is_printed_and_replaced(kontor: Kontor, database: Database, capsys, tmp_path: Path):
    with_entity(database)
    assert kontor("import", "mapping", "--entity", "mh-de") == 0
    mapping = json.loads(capsys.readouterr().out) | {"delimiter": ";"}
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(mapping))
    assert kontor("import", "mapping", str(path), "--entity", "mh-de", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"version": 2}
    path.write_text("{")
    assert kontor("import", "mapping", str(path), "--entity", "mh-de") == 1


def test_a_scan_is_a_run(kontor: Kontor, database: Database, capsys):
    assert kontor("import", "scan", "--json") == 0
    assert "run_id" in json.loads(capsys.readouterr().out)
