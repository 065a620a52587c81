"""The author's kit, on a definition as an author would write it; and what conflicts and critical load come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import BigInteger, ColumnElement, String, column, func, table

from services import backfills
from services.backfills import BackfillState, Settlement, SqlBackfill
from services.backfills.policy import Load
from services.core.errors import Invalid
from services.core.words import Words
from tests.factories.backfill_kit import prove
from tests.factories.backfills import ACTOR, Workshop, reject, request_of, taken_over
from tests.services.backfills.test_life import done, started, state

_PAGE = table("page", column("id", BigInteger()), column("slug", String()), schema="public")


class LowerSlugs(SqlBackfill):
    name = "tests.lower_slugs"
    title = Words("Lower slugs", "Kleine Slugs")
    description = Words("Lower", "Klein")
    owner = "tests"
    target = _PAGE
    columns = ("slug",)
    runbook = Words("None", "Keine")

    def rows(self, params: Any) -> ColumnElement[bool]:
        return _PAGE.c.slug != func.lower(_PAGE.c.slug)

    def change(self, params: Any) -> Mapping[str, ColumnElement[Any]]:
        return {"slug": func.lower(_PAGE.c.slug)}


def test_a_definition_is_proved_on_a_tiny_table_under_kills(workshop: Workshop):
    laid = (
        "CREATE TABLE page (id bigint PRIMARY KEY, slug text NOT NULL);"
        "INSERT INTO page SELECT n, CASE n % 3 WHEN 0 THEN 'done-' ELSE 'Page-' END || n"
        " FROM generate_series(1, 1500) n"
    )
    proof = prove(workshop, LowerSlugs(), laid)
    assert (proof.predicted, proof.changed) == (1_000, 1_000)
    assert proof.kills > 16
    assert all(proof.results.values())


def test_conflicts_are_settled_one_by_one_and_a_row_edited_again_stays_open(workshop: Workshop):
    made = done(workshop)
    workshop.sql("UPDATE coin SET amount_minor = 7 WHERE id <= 14")
    workshop.call("Finance", lambda uow: reject(uow, request_of(workshop, made, "backfills.sign_off")))
    workshop.call("Ops", backfills.roll_back, backfill_id=made, reason="take it back")
    workshop.work(backfills.ROLL_BACK)
    page = workshop.call("", backfills.conflicts, backfill_id=made)
    assert [row.key for row in page.rows] == ["1", "2", "4", "5", "6", "8", "9", "10", "12", "13", "14"]
    rest = workshop.call("", backfills.conflicts, backfill_id=made, after="9", limit=2)
    assert ([row.key for row in rest.rows], rest.last, rest.open) == (["10", "12"], "12", 11)
    first, second = page.rows[0].key, page.rows[1].key
    settle = {"backfill_id": made, "reason": "looked at it"}
    workshop.call("Ops", backfills.settle_conflicts, **settle, how=Settlement.KEEP, keys=[first])
    workshop.sql("UPDATE coin SET amount_minor = 8 WHERE id = :id", id=int(second))
    found = workshop.call("Ops", backfills.settle_conflicts, **settle, how=Settlement.RESTORE)
    assert (found.settled, found.left) == (page.open - 2, 1)
    (left,) = workshop.call("", backfills.conflicts, backfill_id=made, open_only=True).rows
    assert left.found is not None
    assert (left.key, left.found["amount_minor"]) == (second, 8)
    assert state(workshop, made) is BackfillState.ROLLED_BACK_WITH_CONFLICTS
    workshop.call("Ops", backfills.settle_conflicts, **settle, how=Settlement.RESTORE, keys=[second])
    assert state(workshop, made) is BackfillState.ROLLED_BACK
    kept = workshop.sql("SELECT id FROM coin WHERE amount_minor <> 100 + (id - id / 4) % 7")
    assert [str(row.id) for row in kept] == [first]
    with pytest.raises(Invalid):
        workshop.call("Ops", backfills.settle_conflicts, backfill_id=made, how=Settlement.KEEP, reason="no")


def test_critical_load_pauses_and_a_calm_database_lets_it_go_on(workshop: Workshop):
    made = started(workshop)

    class Meter:
        def read(self, _: object) -> Load:
            return Load(lock_wait_ms=60_000)

    with workshop.database.unit_of_work(ACTOR) as uow:
        plan = taken_over(uow, made)
        backfills.breathe(uow, plan=plan, meter=Meter())  # pyright: ignore[reportArgumentType]
    seen = workshop.see(made).backfill
    assert seen.state is BackfillState.PAUSED
    assert seen.hold is not None
    assert (seen.hold["by"], seen.hold["indicator"], seen.hold["value"]) == ("load", "lock_wait_ms", 60_000)
    with workshop.database.unit_of_work(ACTOR) as uow:
        assert backfills.tend(uow, backfill_id=made) == "resumed"
    workshop.work(backfills.EXECUTE)
    assert workshop.sql("SELECT min(touched), max(touched) FROM coin")[0] == (1, 1)
