from services import books
from services.core.db import UnitOfWork
from tests.factories.entries import LABELS


def test_ledger_entries_keep_the_entries_contract(uow: UnitOfWork):
    statement = books.ledger_entries(after_seq=7)
    assert list(statement.selected_columns.keys()) == LABELS
    assert uow.session.execute(statement).all() == []
