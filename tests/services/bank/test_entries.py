from services import bank
from services.core.db import UnitOfWork

LABELS = [
    "entity_id",
    "account",
    "ext_key",
    "amount_minor",
    "currency",
    "fee_minor",
    "status",
    "occurred_at",
    "booked_on",
    "reference",
    "batch_ref",
    "origin",
    "changed_seq",
]


def test_line_entries_keep_the_entries_contract(uow: UnitOfWork):
    statement = bank.line_entries(after_seq=7)
    assert list(statement.selected_columns.keys()) == LABELS
    assert uow.session.execute(statement).all() == []
