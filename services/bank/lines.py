"""Reading the lines of a statement: what the bank says of each, and the records of a collective booking."""

from __future__ import annotations

import uuid

from sqlalchemy import Select, func, or_, select, tuple_
from sqlalchemy.orm import defer

from services.bank.errors import NoSuchBankRecord
from services.bank.models import BankAccount, BankLine, BankStatement
from services.bank.queries import account_view, is_of_provider, statement_view
from services.bank.views import LineMark, LineRecords, LineSheet, LineView
from services.bank.vocabulary import LineStatus
from services.core.db import UnitOfWork
from services.core.permissions import Permission

_COMPUTED = frozenset({"status", "records", "of_provider"})
_PLAIN = tuple(name for name in LineView.__dataclass_fields__ if name not in _COMPUTED)
_SEARCHED = ("counterparty", "remittance", "end_to_end_id", "bank_reference", "batch_reference", "mandate_id")


def statement_lines(
    uow: UnitOfWork, *, statement_id: uuid.UUID, text: str = "", after: LineMark | None = None, limit: int = 50
) -> LineSheet:
    """A page of a statement's lines in the order of its file, those that mention `text` alone when it is given.

    Raises NoSuchBankRecord outside the actor's entities.
    """
    scope = uow.actor.scope(Permission.BANK_READ)
    found = uow.session.execute(
        select(BankStatement, BankAccount)
        .join(BankAccount, BankAccount.id == BankStatement.account_id)
        .where(BankStatement.id == statement_id, scope.allows(BankStatement.entity_id))
    ).one_or_none()
    if found is None:
        raise NoSuchBankRecord("There is no such statement in the entities you may see.")
    statement, account = found
    wanted = _lines(uow).where(BankLine.statement_id == statement.id)
    if text.strip():
        columns = (getattr(BankLine, name) for name in _SEARCHED)
        wanted = wanted.where(or_(*(column.icontains(text.strip(), autoescape=True) for column in columns)))
    if after is not None:
        wanted = wanted.where(tuple_(BankLine.file_line, BankLine.id) > (after.file_line, after.id))
    rows = uow.session.execute(wanted.order_by(BankLine.file_line, BankLine.id).limit(limit + 1)).all()
    lines = tuple(_view(*row) for row in rows[:limit])
    older = LineMark(lines[-1].file_line, lines[-1].id) if len(rows) > limit else None
    return LineSheet(account_view(account), statement_view(statement), lines, older)


def line_records(uow: UnitOfWork, *, line_id: uuid.UUID, limit: int = 200) -> LineRecords:
    """What a collective booking consists of, as far as the bank says. Raises NoSuchBankRecord."""
    found = uow.session.execute(_lines(uow).where(BankLine.id == line_id)).one_or_none()
    if found is None:
        raise NoSuchBankRecord("There is no such line in the entities you may see.")
    every = func.jsonb_array_elements(BankLine.details)
    records = uow.session.scalars(select(every).where(BankLine.id == line_id).limit(limit))
    return LineRecords(_view(*found), tuple(records))


def _lines(uow: UnitOfWork) -> Select[BankLine, int, bool]:
    """Lines of the actor's entities, how many records each has, and whether it is the provider's."""
    scope = uow.actor.scope(Permission.BANK_READ)
    return (
        select(BankLine, func.jsonb_array_length(BankLine.details), is_of_provider())
        .join(BankAccount, BankAccount.id == BankLine.account_id)
        .where(scope.allows(BankLine.entity_id))
        .options(defer(BankLine.details, raiseload=True))
    )


def _view(row: BankLine, records: int, of_provider: bool | None) -> LineView:
    plain = {name: getattr(row, name) for name in _PLAIN}
    return LineView(**plain, status=LineStatus(row.status), records=records, of_provider=bool(of_provider))
