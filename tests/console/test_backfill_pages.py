"""The pages of backfills without a browser: what they load, show and refuse."""

from __future__ import annotations

import uuid

import pytest

from console import routes
from console.kit.backend import ShownOnPage
from services import backfills
from services.backfills import BackfillState
from services.bootstrap import Application
from services.identity import Role
from tests.console.events import Tab, a_tab, open_session
from tests.console.test_authz_every_handler import CALLABLE
from tests.factories.backfills import Workshop
from tests.factories.identity import an_entity

_STATES = {
    "BackfillList": "backfill_list",
    "BackfillCatalogue": "backfill_catalogue",
    "BackfillDraft": "backfill_draft",
    "BackfillRequest": "backfill_request",
}


def handler(state: str, name: str) -> str:
    return next(one for one in CALLABLE if one.endswith(f"{_STATES[state]}.{name}"))


@pytest.fixture
def workshop(web: Application) -> Workshop:
    return Workshop(web.database, 300)


def at(tab: Tab, route: str, backfill_id: uuid.UUID | str) -> None:
    tab.route, tab.path = route, routes.to(route, backfill_id=backfill_id)


def drafted(workshop: Workshop, name: str = "tests.plus_one") -> uuid.UUID:
    made = workshop.call("Dev", backfills.draft, definition=name, params={})
    workshop.call("Dev", backfills.start_dry_run, backfill_id=made)
    workshop.work(backfills.DRY_RUN)
    return made


async def test_the_list_and_the_catalogue_show_what_there_is(web: Application, workshop: Workshop):
    drafted(workshop)
    secret = open_session(web, Role.AUDITOR)
    async with a_tab(secret, path=routes.BACKFILLS) as tab:
        seen = await tab.send(handler("BackfillList", "load"))
        assert [row["title"] for row in seen["backfill_list.rows"]] == ["Plus one"]
        known = await tab.send(handler("BackfillCatalogue", "load"))
        assert "payments.net_minor" in [row["name"] for row in known["backfill_catalogue.rows"]]
        tab.path = routes.BACKFILLS + "?q=BF-0009"
        assert (await tab.send(handler("BackfillList", "load")))["backfill_list.rows"] == []


async def test_the_dry_run_shows_rows_money_and_checks_as_measured(web: Application, workshop: Workshop):
    made = drafted(workshop)
    secret = open_session(web, Role.DEV)
    async with a_tab(secret) as tab:
        at(tab, routes.BACKFILL, made)
        seen = await tab.send(handler("BackfillRequest", "load"))
        asked = await tab.send(handler("BackfillRequest", "ask_approval"))
    dry = seen["backfill_request.dry"]
    assert dry["rows"] == "300"
    assert [row["currency"] for row in seen["backfill_request.dry_money"]] == ["CHF", "EUR"]
    sample = seen["backfill_request.dry_sample"]
    assert {row["drawn"] for row in sample} >= {"random"}
    assert all(int(row["changes"][0]["now"]) == int(row["changes"][0]["was"]) + 1 for row in sample)
    assert seen["backfill_request.dry_checks"] == [{"title": "Coins", "before": "300", "wanted": "300"}]
    assert asked["backfill_request.item"]["state"] == BackfillState.AWAITING_APPROVAL
    assert [seat["name"] for seat in asked["backfill_request.seats"]] == ["", ""]


async def test_a_form_names_each_wrong_field_and_makes_no_draft(web: Application, workshop: Workshop):
    secret = open_session(web, Role.DEV)
    async with a_tab(secret, path=routes.BACKFILL_DRAFT) as tab:
        tab.path = routes.BACKFILL_DRAFT + "?definition=payments.net_minor"
        form = await tab.send(handler("BackfillDraft", "load"))
        assert [(one["name"], one["kind"]) for one in form["backfill_draft.fields"]] == [("since", "date")]
        seen = await tab.send(handler("BackfillDraft", "submit"), form={"since": "soon"})
        assert seen["backfill_draft.fields"][0]["error"]
        assert workshop.call("", backfills.list_backfills).rows == ()
        await tab.send(handler("BackfillDraft", "submit"), form={"since": "2026-03-01"})
    (made,) = workshop.call("", backfills.list_backfills).rows
    assert workshop.see(made.id).backfill.params == {"since": "2026-03-01"}


async def test_other_parameters_after_the_approval_void_it(web: Application, workshop: Workshop):
    made = workshop.agreed("tests.plus_one")
    secret = open_session(web, Role.DEV)
    async with a_tab(secret, path=routes.BACKFILL_DRAFT) as tab:
        tab.path = f"{routes.BACKFILL_DRAFT}?backfill={made}"
        await tab.send(handler("BackfillDraft", "load"))
        await tab.send(handler("BackfillDraft", "submit"), form={"least": "7"})
        at(tab, routes.BACKFILL, made)
        seen = await tab.send(handler("BackfillRequest", "load"))
    assert seen["backfill_request.item"]["state"] == BackfillState.DRAFT
    assert "running" not in seen["backfill_request.steps"]
    assert seen["backfill_request.dry"] == {}


async def test_parameters_changed_behind_the_console_refuse_the_start(web: Application, workshop: Workshop):
    made = workshop.agreed("tests.plus_one")
    workshop.sql("UPDATE backfill SET params = '{\"least\": 9}'")
    secret = open_session(web, Role.OPS)
    async with a_tab(secret) as tab:
        at(tab, routes.BACKFILL, made)
        await tab.send(handler("BackfillRequest", "load"))
        seen = await tab.send(handler("BackfillRequest", "start"))
    assert seen["backfill_request.item"]["state"] == BackfillState.DRAFT
    assert "params" in (workshop.see(made).backfill.problem or "")


async def test_who_reads_one_entity_sees_no_rows_of_the_others(web: Application, workshop: Workshop):
    made = drafted(workshop)
    secret = open_session(web, Role.FINANCE, entities=(workshop.call("", an_entity, code="one", name="One"),))
    async with a_tab(secret) as tab:
        at(tab, routes.BACKFILL, made)
        with pytest.raises(ShownOnPage, match="Not allowed"):
            await tab.send(handler("BackfillRequest", "load"))
