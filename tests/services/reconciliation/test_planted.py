"""Ten seeds, all classes, all kinds of rules: everything planted by key is found, and no automatic match is wrong."""

from __future__ import annotations

from collections import defaultdict

import pytest
from sqlalchemy import text

from services.core.db import UnitOfWork
from services.reconciliation import BreakClass, Definition, SourceKind, add_holiday, load_rates, reconcile
from tests.factories.identity import an_entity
from tests.factories.planted import PARAMETERS, RATES, REST, Planted, a_merchant
from tests.factories.reconciliation import at_morning, load
from tests.factories.rules import publish

_MEMBERS = text(
    "SELECT m.fingerprint, m.rule, member.side, member.ext_key FROM recon_match m "
    "JOIN recon_match_member member ON member.match_id = m.id WHERE m.closed_seq IS NULL"
)


def groups(uow: UnitOfWork) -> set[tuple[str, frozenset[str], frozenset[str]]]:
    """Open groups as (rule, left keys, right keys)."""
    found: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: {"left": set(), "right": set()})
    for fingerprint, rule, side, key in uow.session.execute(_MEMBERS):
        found[fingerprint, rule][side].add(key)
    return {(rule, frozenset(by["left"]), frozenset(by["right"])) for (_, rule), by in found.items()}


def judged(uow: UnitOfWork, world: Planted):
    """The run over a planted world."""
    entity = an_entity(uow)
    load_rates(uow, rates=RATES)
    add_holiday(uow, entity_id=entity, day=REST, name="Founding day")
    publish(uow, Definition.SETTLEMENT, **PARAMETERS)
    load(uow, entity, SourceKind.BOOKS, world.left)
    load(uow, entity, SourceKind.STRIPE, world.right)
    return reconcile(at_morning(uow), definition=Definition.SETTLEMENT, entity_id=entity)


@pytest.mark.parametrize("seed", range(10))
def test_what_was_planted_is_found_and_nothing_else(uow: UnitOfWork, seed: int):
    world = a_merchant(seed)
    run = judged(uow, world)
    breaks = uow.session.execute(text("SELECT break_class, subject_key FROM recon_break WHERE closed_seq IS NULL"))
    assert {tuple(row) for row in breaks} == world.breaks
    assert groups(uow) == world.groups
    assert set(uow.session.scalars(text("SELECT ext_key FROM recon_expected"))) == world.expected
    assert {kind for kind, _ in world.breaks} == {str(kind) for kind in BreakClass}
    assert {"S-25", "S-35", "S-70", "S-80", "S-90", "S-91", "S-95"} <= set(run.rule_counts)
    assert uow.session.scalar(text("SELECT bool_and(abs(allocated_minor) <= abs(amount_minor)) FROM recon_allocation"))
