"""A wrong currency counts once as deviation, in the currency both sides know."""

from __future__ import annotations

from services.core.db import UnitOfWork
from services.reconciliation import Definition, SourceKind, reconcile, signing_of, totals_of
from tests.factories.identity import an_entity
from tests.factories.reconciliation import Row, at_morning, load


def test_a_currency_known_to_one_side_by_mistake_deviates_by_all_of_it_and_counts_once(uow: UnitOfWork):
    entity = an_entity(uow)
    rows = [Row(f"ch_{n}:charge", 1_000) for n in range(100)]
    load(uow, entity, SourceKind.STRIPE, rows)
    load(uow, entity, SourceKind.BOOKS, [Row(rows[0].key, 1_000, "USD"), *rows[1:]])
    run = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    whole = {row.currency: row for row in totals_of(uow, run_id=run.id) if row.span == "all"}
    assert (whole["USD"].difference_minor, whole["USD"].open_minor, whole["USD"].one_sided) == (1_000, 1_000, True)
    assert whole["USD"].deviation_ppm == 1_000_000
    assert (whole["EUR"].difference_minor, whole["EUR"].open_minor) == (-1_000, 1_000)
    assert run.deviation_ppm == 10_102
    assert signing_of(at_morning(uow), run_id=run.id).deviation_ppm == 10_102


def test_between_currencies_both_sides_know_it_counts_in_both(uow: UnitOfWork):
    entity = an_entity(uow)
    rows = [Row(f"ch_{n}:charge", 1_000, "EUR" if n % 2 else "CHF") for n in range(20)]
    load(uow, entity, SourceKind.STRIPE, rows)
    load(uow, entity, SourceKind.BOOKS, [Row(rows[0].key, 1_000, "EUR"), *rows[1:]])
    run = reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)
    opened = {row.currency: row.open_minor for row in totals_of(uow, run_id=run.id) if row.span == "all"}
    assert opened == {"EUR": 1_000, "CHF": 1_000}
