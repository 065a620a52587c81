"""Exports: the rights, the reader's formats, and no cell that a spreadsheet would run."""

from __future__ import annotations

import asyncio
import datetime as dt
import io

import openpyxl
import pytest

from console.http_api import exports
from console.http_api.exports import Export
from console.kit import session
from services.core.errors import Forbidden
from services.core.money import Money
from services.core.permissions import Permission
from services.identity import Role
from tests.console.conftest import web  # noqa: F401
from tests.console.events import open_session

_ROWS = [
    ("=cmd()", Money(-123_450, "EUR"), dt.date(2026, 3, 16), 3, None),
    ("+49 30 1", Money(1_500, "JPY"), dt.date(2026, 3, 17), -4, "plain"),
]
_EXPORT = Export(
    "sample",
    Permission.PAYMENT_READ,
    ("table.select", "table.open", "table.move", "table.newer", "table.older"),
    lambda uow, filters: iter(_ROWS),
)


@pytest.fixture
def person(web):  # noqa: F811
    return session.look_up(open_session(web, Role.FINANCE))


def _csv(person):
    return b"".join(exports._csv(_EXPORT, person, {})).decode("utf-8-sig")


def test_csv_quotes_formulas_and_keeps_numbers(person):
    lines = _csv(person).splitlines()
    assert lines[1] == "'=cmd(),-1234.50,2026-03-16,3,"
    assert lines[2] == "'+49 30 1,1500,2026-03-17,-4,plain"


def test_xlsx_has_typed_cells(person):
    answer = exports._xlsx(_EXPORT, person, {})
    book = openpyxl.load_workbook(io.BytesIO(b"".join(_collect(answer))))
    row = next(book.worksheets[0].iter_rows(min_row=2, values_only=True))
    assert row[0] == "'=cmd()"
    assert row[1] == pytest.approx(-1234.5)
    assert row[2] == dt.datetime(2026, 3, 16)  # noqa: DTZ001 - a cell of a sheet has no zone


def _collect(answer):
    async def drain():
        return [piece async for piece in answer.body_iterator]

    return asyncio.run(drain())


def test_every_export_declares_a_right_that_is_enforced(web):  # noqa: F811
    nobody = session.look_up(open_session(web, Role.DEV, email="dev@example.com"))
    assert nobody is not None
    for export in exports.registered_exports().values():
        if not nobody.actor.may(export.permission):
            with pytest.raises(Forbidden):
                nobody.actor.require(export.permission)
