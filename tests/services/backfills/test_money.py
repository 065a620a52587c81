"""What decides over who has to agree is the money that really moves; nothing cancels out, an empty value is 0."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from pydantic import BaseModel
from sqlalchemy import BigInteger, ColumnElement, case, literal

from services import approvals, backfills
from services.approvals import Reached
from services.backfills import BackfillState, MoneyColumns, PythonBackfill
from services.core.errors import Invalid
from services.core.money import Money
from services.core.words import Words
from tests.factories.approvals import agree
from tests.factories.backfills import COIN, PlusOne, Workshop
from tests.services.backfills.test_life import state

_MUCH = 600_000  # each less than the threshold of 10,000 EUR, two of them more


class Values(BaseModel):
    """What the first two coins (both EUR) become."""

    one: int | None
    two: int | None


class Put(PlusOne):
    name = "tests.put"
    params = Values

    def rows(self, params: Any) -> ColumnElement[bool]:
        return COIN.c.id <= 2

    def change(self, params: Any) -> Mapping[str, ColumnElement[Any]]:
        values = [literal(value, BigInteger()) for value in (params.one, params.two)]
        return {"amount_minor": case((COIN.c.id == 1, values[0]), else_=values[1])}


class PutByFunction(PythonBackfill):
    name = "tests.put_by_function"
    title, description, owner, runbook = Put.title, Put.description, Put.owner, Put.runbook
    target = COIN
    columns = ("amount_minor",)
    params = Values
    money = Put.money

    def rows(self, params: Values) -> ColumnElement[bool]:
        return COIN.c.id <= 2

    def change_batch(self, rows: Sequence[Mapping[str, Any]], params: Values) -> Mapping[Any, Mapping[str, Any]]:
        return {row["id"]: {"amount_minor": params.one if row["id"] == 1 else params.two} for row in rows}


class Convert(Put):
    """Writes the amount's currency as well: the money is that of the currency it was in."""

    name = "tests.convert"
    columns = ("amount_minor", "currency")
    money = MoneyColumns("amount_minor", COIN.c.currency)

    def change(self, params: Any) -> Mapping[str, ColumnElement[Any]]:
        return {**super().change(params), "currency": literal("USD")}


DEFINITIONS = Put(), PutByFunction(), Convert()


@pytest.fixture(autouse=True)
def coins(workshop: Workshop) -> None:
    for definition in DEFINITIONS:
        backfills.register(definition)
    workshop.sql("ALTER TABLE coin ALTER amount_minor DROP NOT NULL")


def given(workshop: Workshop, one: int | None, two: int | None) -> None:
    workshop.sql(
        "UPDATE coin SET amount_minor = CASE id WHEN 1 THEN CAST(:one AS bigint) ELSE :two END WHERE id <= 2",
        one=one,
        two=two,
    )


def asked(workshop: Workshop, definition: str, one: int | None, two: int | None) -> approvals.RequestView:
    made = workshop.call("Dev", backfills.draft, definition=definition, params={"one": one, "two": two})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    return workshop.call("Dev", backfills.ask_approval, backfill_id=made)


def begun(workshop: Workshop, request: approvals.RequestView) -> uuid.UUID:
    """Ops and Finance agree, and it starts."""
    for person in ("Ops", "Finance"):
        workshop.call(person, lambda uow: agree(uow, request))
    made = uuid.UUID(request.subject_id)
    assert workshop.call("Ops", backfills.start, backfill_id=made).problem is None
    return made


def money_results(workshop: Workshop, made: uuid.UUID) -> dict[str, tuple[int, int, bool]]:
    document = workshop.see(made).backfill.verification
    assert document is not None
    return {one["code"]: (one["expected"], one["found"], one["held"]) for one in document["results"] if "money" in one}


@pytest.mark.parametrize("definition", ["tests.put", "tests.put_by_function"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((0, _MUCH), (_MUCH, 0)),  # one gains what the other loses
        ((None, None), (_MUCH, _MUCH)),  # an empty column is filled
        ((_MUCH, _MUCH), (None, None)),  # or emptied
    ],
)
def test_money_that_cancels_out_or_was_not_there_takes_all_three_teams(
    workshop: Workshop, definition: str, before: tuple[int | None, int | None], after: tuple[int | None, int | None]
):
    given(workshop, *before)
    request = asked(workshop, definition, *after)
    assert (request.amount, request.reached, request.seats) == (Money(2 * _MUCH, "EUR"), Reached.AMOUNT, 3)
    (money,) = request.content["frozen"]["money"]
    sums = [sum(value or 0 for value in side) for side in (before, after)]
    assert [money["before"], money["after"], money["gross"]] == [*sums, 2 * _MUCH]
    found = workshop.call("", approvals.request_detail, request_id=request.id)
    lines = {line.label.en: line.value for line in found.description.lines}
    assert lines["Money moved, EUR"] == Money(2 * _MUCH, "EUR")
    assert lines["Net difference, EUR"] == Money(sums[1] - sums[0], "EUR")


def test_a_value_that_is_not_given_is_called_nothing(workshop: Workshop):
    given(workshop, 5, 5)
    request = asked(workshop, "tests.put", None, 7)
    found = workshop.call("", approvals.request_detail, request_id=request.id)
    (params,) = [line.value for line in found.description.lines if line.label.en == "Parameters"]
    assert params == Words("one = nothing, two = 7", "one = nichts, two = 7")


def test_less_than_the_threshold_takes_two(workshop: Workshop):
    given(workshop, 0, _MUCH)
    assert asked(workshop, "tests.put", _MUCH // 2, _MUCH // 2).seats == 2


@pytest.mark.parametrize("definition", ["tests.put", "tests.put_by_function", "tests.convert"])
def test_the_verification_compares_what_moved_with_what_was_predicted(workshop: Workshop, definition: str):
    given(workshop, None, 500)
    made = begun(workshop, asked(workshop, definition, 300, 200))
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    assert money_results(workshop, made) == {"money_moved.EUR": (600, 600, True), "money_net.EUR": (0, 0, True)}
    report = workshop.sql("SELECT params FROM run WHERE kind = 'reconciliation.report'")[0][0]["after"]
    assert report["money"] == [{"currency": "EUR", "gross_minor": 600, "net_minor": 0}]
    signing = workshop.call("", approvals.request_detail, request_id=workshop.see(made).backfill.signoff_request_id)
    sides = {one.label.en: (one.before, one.after) for one in signing.description.changes}
    assert sides["Money predicted, and moved or set aside, EUR"] == (Money(600, "EUR"), Money(600, "EUR"))


def test_money_that_somebody_moved_after_the_start_deviates(workshop: Workshop):
    given(workshop, 0, 500)
    made = begun(workshop, asked(workshop, "tests.put", 300, 200))
    workshop.sql("UPDATE coin SET amount_minor = 100 WHERE id = 1")
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    assert money_results(workshop, made) == {"money_moved.EUR": (600, 500, False), "money_net.EUR": (0, -100, False)}
    assert workshop.see(made).backfill.problem == "The verification found: money_moved.EUR, money_net.EUR."


def test_money_of_rows_that_were_deleted_since_names_them(workshop: Workshop):
    given(workshop, 0, 500)
    made = begun(workshop, asked(workshop, "tests.put", 300, 200))
    workshop.work(backfills.EXECUTE)
    workshop.sql("DELETE FROM coin WHERE id = 2")
    workshop.work(backfills.VERIFY)
    assert money_results(workshop, made) == {
        "money_moved.-": (0, 300, False),
        "money_moved.EUR": (600, 300, False),
        "money_net.-": (0, -300, False),
        "money_net.EUR": (0, 300, False),
    }
    document = workshop.see(made).backfill.verification or {}
    named = {one["code"]: one.get("named") for one in document["results"]}
    assert named["money_moved.-"] == named["money_net.-"] == [{"key": "2", "shown": {}}]
    assert named["money_moved.EUR"] is None


@pytest.mark.parametrize("definition", ["tests.put", "tests.put_by_function"])
def test_the_money_of_rows_set_aside_counts_as_it_would_move(workshop: Workshop, definition: str):
    given(workshop, 0, 500)
    made = begun(workshop, asked(workshop, definition, 300, 200))
    workshop.sql("ALTER TABLE coin ADD CHECK (id <> 2 OR amount_minor = 500)")
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    assert [row.key for row in workshop.see(made).quarantine] == ["2"]
    report = workshop.sql("SELECT params FROM run WHERE kind = 'reconciliation.report'")[0][0]["after"]
    assert report["money"] == [{"currency": "EUR", "gross_minor": 300, "net_minor": 300}]
    assert money_results(workshop, made) == {"money_moved.EUR": (600, 600, True), "money_net.EUR": (0, 0, True)}


def test_a_dry_run_that_says_the_net_difference_alone_is_read_and_has_to_be_taken_again(workshop: Workshop):
    given(workshop, 0, 500)
    request = asked(workshop, "tests.put", 300, 200)
    made = uuid.UUID(request.subject_id)
    _of_a_former_release(workshop, made)
    assert workshop.call("", backfills.risk, backfill_id=made) is None
    assert workshop.call("", backfills.tend, backfill_id=made) == "back_to_draft"
    seen = workshop.see(made).backfill
    assert (seen.state, seen.dry_run, seen.request_id) == (BackfillState.DRAFT, None, None)
    assert seen.problem is not None
    assert seen.problem.startswith("The dry run does not say how much money really moves")


def test_nobody_is_asked_and_nothing_starts_from_such_a_dry_run(workshop: Workshop):
    made = workshop.call("Dev", backfills.draft, definition="tests.plus_one", params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    _of_a_former_release(workshop, made)
    with pytest.raises(Invalid, match="how much money really moves"):
        workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    agreed = workshop.agreed("tests.plus_one")
    _of_a_former_release(workshop, agreed)
    refused = workshop.call("Ops", backfills.start, backfill_id=agreed)
    assert (refused.run_id, state(workshop, agreed)) == (None, BackfillState.DRAFT)
    assert "how much money really moves" in refused.problem


def test_what_had_started_from_such_a_dry_run_ends_as_it_was_promised(workshop: Workshop):
    made = workshop.agreed("tests.plus_one")
    workshop.call("Ops", backfills.start, backfill_id=made)
    workshop.work(backfills.EXECUTE)
    _of_a_former_release(workshop, made)
    workshop.work(backfills.VERIFY)
    seen = workshop.see(made).backfill
    assert (seen.state, money_results(workshop, made)) == (BackfillState.AWAITING_SIGNOFF, {})


def _of_a_former_release(workshop: Workshop, made: uuid.UUID) -> None:
    """Its dry run holds what documents held then."""
    changed = workshop.sql(
        "UPDATE backfill SET dry_run = jsonb_set(dry_run, '{frozen,money}', (SELECT jsonb_agg("
        " jsonb_build_object('moved', (one->>'after')::bigint - (one->>'before')::bigint) || (one - 'gross'))"
        " FROM jsonb_array_elements(dry_run->'frozen'->'money') one)) WHERE id = :id",
        id=made,
    )
    assert changed == 1
