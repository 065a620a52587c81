"""What an approval of code holds for: the definition, and whatever it takes from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement

from services import backfills
from services.backfills import BackfillState, SqlBackfill
from services.backfills.definition import code_digest
from services.core.words import Words
from tests.factories.backfills import ACTOR, COIN, PLUS_ONE, SHOUT, Least, Workshop
from tests.services.backfills.test_life import state

_step = {"by": COIN.c.amount_minor + 2}


class From(BaseModel):
    first: int


class ByElsewhere(SqlBackfill):
    name = "tests.by_elsewhere"
    title = Words("By elsewhere", "Von woanders")
    description = Words("What it adds stands elsewhere", "Was es hinzufügt, steht woanders")
    owner = "tests"
    target = COIN
    columns = ("amount_minor",)
    params = From
    runbook = Words("None", "Keine")

    def rows(self, params: From) -> ColumnElement[bool]:
        return COIN.c.id >= params.first

    def change(self, params: From) -> Mapping[str, ColumnElement[Any]]:
        return {"amount_minor": _step["by"]}


BY_ELSEWHERE = ByElsewhere()


def test_an_expression_changed_elsewhere_makes_it_a_draft_again(workshop: Workshop):
    backfills.register(BY_ELSEWHERE)
    made = workshop.agreed(BY_ELSEWHERE.name, first=1)
    former = _step["by"]
    try:
        _step["by"] = COIN.c.amount_minor + 3
        with workshop.database.unit_of_work(ACTOR) as uow:
            assert backfills.tend(uow, backfill_id=made) == "back_to_draft"
    finally:
        _step["by"] = former
    assert state(workshop, made) is BackfillState.DRAFT
    assert "code" in (workshop.see(made).backfill.problem or "")


def test_the_same_code_has_the_same_digest_and_other_parameters_another():
    assert code_digest(PLUS_ONE, Least(least=1)) == code_digest(PLUS_ONE, Least(least=1))
    assert code_digest(PLUS_ONE, Least(least=1)) != code_digest(PLUS_ONE, Least(least=2))
    assert code_digest(SHOUT, Least()) == code_digest(SHOUT, Least())


def test_a_parameter_without_a_default_is_listed_and_asked_for(workshop: Workshop):
    backfills.register(BY_ELSEWHERE)
    known = {one.name: one for one in workshop.call("", backfills.catalogue)}
    assert known[BY_ELSEWHERE.name].params["required"] == ["first"]
    made = workshop.call("Dev", backfills.draft, definition=BY_ELSEWHERE.name, params={"first": 7})
    assert workshop.see(made).definition.name == BY_ELSEWHERE.name
