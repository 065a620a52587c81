"""The pages of backfills without a browser: what they load, show and refuse."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from console import routes
from console.design.format import UNKNOWN, Reader
from console.kit.backend import ShownOnPage
from console.pages.backfills import verification_state
from services import backfills, reconciliation
from services.backfills import BackfillState
from services.backfills.policy import Load
from services.bootstrap import Application
from services.identity import Role
from tests.console.events import Tab, a_tab, open_session
from tests.console.test_authz_every_handler import CALLABLE
from tests.factories.approvals import agree
from tests.factories.backfills import ACTOR, Workshop, request_of, taken_over
from tests.factories.identity import an_entity
from tests.fakes import flag_service
from tests.fakes.flag_service import FlagsByQuarters

_STATES = {
    "BackfillList": "backfill_list",
    "BackfillCatalogue": "backfill_catalogue",
    "BackfillDraft": "backfill_draft",
    "BackfillRequest": "backfill_request",
    "BackfillRun": "backfill_run",
    "BackfillVerification": "backfill_verification",
    "BackfillWayBack": "backfill_way_back",
    "BackfillSignOff": "backfill_sign_off",
    "ReleaseCalendar": "release_calendar",
}


def handler(state: str, name: str) -> str:
    return next(one for one in CALLABLE if one.endswith(f"{_STATES[state]}.{name}"))


@pytest.fixture
def workshop(web: Application) -> Workshop:
    return Workshop(web.database, 300)


@pytest.fixture
def flags() -> Iterator[FlagsByQuarters]:
    yield flag_service.connect()
    backfills.connect_flags(None)


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
        rows = {row["name"]: row for row in known["backfill_catalogue.rows"]}
        assert rows["payments.net_minor"]["compared"] == "Settlement"
        assert rows["payments.net_minor"]["flag"] == "payments.net-from-column"
        assert rows["tests.abroad"]["database"] == "shop"
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
    assert (dry["rows"], dry["database"]) == ("300", "")
    assert dry["moved"] == "0.75\xa0CHF, 2.25\xa0EUR"
    money = seen["backfill_request.dry_money"]
    assert [(row["currency"], row["net"], row["gross"]) for row in money] == [
        ("CHF", "+0.75", "0.75"),
        ("EUR", "+2.25", "2.25"),
    ]
    sample = seen["backfill_request.dry_sample"]
    assert {row["drawn"] for row in sample} >= {"random"}
    assert all(int(row["changes"][0]["now"]) == int(row["changes"][0]["was"]) + 1 for row in sample)
    assert seen["backfill_request.dry_checks"] == [{"title": "Coins", "before": "300", "wanted": "300"}]
    assert asked["backfill_request.item"]["state"] == BackfillState.AWAITING_APPROVAL
    assert [seat["name"] for seat in asked["backfill_request.seats"]] == ["", ""]


async def test_a_dry_run_of_a_former_release_is_shown_without_what_it_does_not_say(
    web: Application, workshop: Workshop
):
    made = drafted(workshop)
    workshop.sql(
        "UPDATE backfill SET dry_run = jsonb_set(dry_run, '{frozen,money}', (SELECT jsonb_agg(one - 'gross')"
        " FROM jsonb_array_elements(dry_run->'frozen'->'money') one))"
    )
    secret = open_session(web, Role.DEV)
    async with a_tab(secret) as tab:
        at(tab, routes.BACKFILL, made)
        seen = await tab.send(handler("BackfillRequest", "load"))
    assert seen["backfill_request.dry"]["moved"] == "CHF not measured, EUR not measured"
    assert [(row["net"], row["gross"]) for row in seen["backfill_request.dry_money"]] == [
        ("+0.75", UNKNOWN),
        ("+2.25", UNKNOWN),
    ]
    assert seen["backfill_request.item"]["decided"] == ""


async def test_the_pages_say_which_currency_decided_who_agrees(web: Application, workshop: Workshop):
    workshop.sql("UPDATE coin SET currency = 'SEK' WHERE id = 1")
    made, said = drafted(workshop), "SEK\xa00.01: no threshold for this currency"
    secret = open_session(web, Role.DEV)
    async with a_tab(secret) as tab:
        at(tab, routes.BACKFILL, made)
        assert (await tab.send(handler("BackfillRequest", "load")))["backfill_request.item"]["decided"] == said
        seen = await tab.send(handler("BackfillRequest", "ask_approval"))
        assert seen["backfill_request.item"]["decided"] == said
        assert len(seen["backfill_request.seats"]) == 3
        tab.route = routes.APPROVAL
        tab.path = routes.to(routes.APPROVAL, request_id=request_of(workshop, made, "backfills.run").id)
        shown = await tab.send(next(one for one in CALLABLE if one.endswith("approval_request_page.load")))
    assert shown["approval_request_page.request"]["decided"] == said


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


def changed(workshop: Workshop, name: str = "tests.plus_one") -> uuid.UUID:
    """Started by Ops, changed and verified."""
    made = workshop.agreed(name)
    workshop.call("Ops", backfills.start, backfill_id=made)
    workshop.work(backfills.EXECUTE)
    workshop.work(backfills.VERIFY)
    return made


async def test_the_run_shows_progress_load_and_what_may_be_asked(web: Application, workshop: Workshop):
    made = workshop.agreed("tests.plus_one")
    workshop.call("Ops", backfills.start, backfill_id=made)
    lagging = SimpleNamespace(read=lambda _: Load(replication_ms=4_200, lock_wait_ms=300))
    with web.database.unit_of_work(ACTOR) as uow:
        plan = taken_over(uow, made)
        assert backfills.breathe(uow, plan=plan, meter=lagging)  # pyright: ignore[reportArgumentType]
    secret = open_session(web, Role.OPS)
    async with a_tab(secret) as tab:
        at(tab, routes.BACKFILL_RUN, made)
        seen = await tab.send(handler("BackfillRun", "load"))
        assert "4\u00a0s" in seen["backfill_run.throttle"]["said"]
        load = seen["backfill_run.load_now"]
        assert [row["over"] for row in load] == ["yes", "", "", "", ""]
        assert all(row["value"] != UNKNOWN and row["since"] != UNKNOWN for row in load)
        assert "paused" in seen["backfill_run.steps"]
        paused = await tab.send(handler("BackfillRun", "pause"))
        assert paused["backfill_run.item"]["state"] == BackfillState.PAUSED
        assert paused["backfill_run.hold"]["by"] == "person"
        assert paused["backfill_run.may_resume"] is True
        slow = await tab.send(handler("BackfillRun", "set_pace"), pace="night")
        assert slow["backfill_run.item"]["pace"] == "night"


async def test_a_deviation_is_signed_only_with_its_reason(web: Application, workshop: Workshop):
    made = changed(workshop, "tests.broken")
    ops = open_session(web, Role.OPS)
    finance = open_session(web, Role.FINANCE, email="signs@example.com")
    async with a_tab(ops, token="ops") as tab:
        at(tab, routes.BACKFILL_VERIFICATION, made)
        seen = await tab.send(handler("BackfillVerification", "load"))
        assert seen["backfill_verification.item"]["unexplained"] == "1"
        assert [row["code"] for row in seen["backfill_verification.results"] if not row["held"]] == ["none_left"]
        figures = {row["code"]: (row["title"], row["found"]) for row in seen["backfill_verification.results"]}
        assert figures["money_moved.EUR"] == ("Money predicted, and moved or set aside, EUR", "2.25")
        assert figures["money_net.EUR"] == ("Net difference, EUR", "+2.25")
        assert seen["backfill_verification.behind"][0] == {"check": "Left", "key": "1", "shown": "amount_minor 102"}
        await tab.send(handler("BackfillVerification", "ask_words"), code="none_left", title="Left")
        told = await tab.send(handler("BackfillVerification", "explain"), form={"reason": "The check itself is wrong."})
        assert told["backfill_verification.item"]["unexplained"] == ""
    async with a_tab(finance, token="finance") as tab:
        at(tab, routes.BACKFILL_VERIFICATION, made)
        seen = await tab.send(handler("BackfillVerification", "load"))
        assert seen["backfill_verification.item"]["may_vote"] == "yes"
        signed = await tab.send(handler("BackfillVerification", "sign"))
        assert signed["backfill_verification.item"]["state"] == BackfillState.SIGNED_OFF
        at(tab, routes.BACKFILL_SIGN_OFF, made)
        whole = await tab.send(handler("BackfillSignOff", "load"))
    assert whole["backfill_sign_off.item"]["step_signed"] == "done"
    assert {row["what"] for row in whole["backfill_sign_off.told"]} >= {"Start", "Signed off"}
    assert "backfills.backfill.signed_off" in [row["action"] for row in whole["backfill_sign_off.trail"]]


async def test_after_the_signature_the_page_offers_the_flag_s_next_step(
    web: Application, workshop: Workshop, flags: FlagsByQuarters
):
    with web.database.unit_of_work(ACTOR) as uow:
        an_entity(uow)
    made = workshop.agreed("tests.tied")
    workshop.call("Ops", backfills.start, backfill_id=made)
    for kind in (reconciliation.RUN, backfills.EXECUTE, reconciliation.RUN, backfills.VERIFY):
        workshop.work(kind)
    secret = open_session(web, Role.OPS)
    async with a_tab(secret) as tab:
        at(tab, routes.BACKFILL_SIGN_OFF, made)
        before = await tab.send(handler("BackfillSignOff", "load"))
        workshop.call("Finance", lambda uow: agree(uow, request_of(workshop, made, "backfills.sign_off")))
        after = await tab.send(handler("BackfillSignOff", "load"))
        await tab.send(handler("BackfillSignOff", "ask"))
        reached = await tab.send(handler("BackfillSignOff", "advance"))
    shown = [
        {name: seen["backfill_sign_off.flag"][name] for name in ("key", "percent", "next")}
        for seen in (before, after, reached)
    ]
    key = "coins.reads-new-amount"
    assert shown == [
        {"key": key, "percent": "0", "next": ""},
        {"key": key, "percent": "0", "next": "25"},
        {"key": key, "percent": "25", "next": "50"},
    ]
    assert flags.reached == {key: 25}
    verification = workshop.see(made).backfill.verification
    assert verification is not None
    assert [one["held"] for one in verification["results"] if "reconciliation" in one] == [True]


async def test_rows_edited_since_are_listed_after_the_way_back(web: Application, workshop: Workshop):
    made = changed(workshop)
    signing = request_of(workshop, made, "backfills.sign_off")
    workshop.call("Finance", lambda uow: agree(uow, signing))
    workshop.sql("UPDATE coin SET amount_minor = 999 WHERE id <= 5")
    secret = open_session(web, Role.OPS)
    async with a_tab(secret) as tab:
        at(tab, routes.BACKFILL_WAY_BACK, made)
        await tab.send(handler("BackfillWayBack", "load"))
        asked = await tab.send(handler("BackfillWayBack", "take_back"), form={"reason": "It was one too many."})
        assert asked["backfill_way_back.item"]["waits"] == "yes"
        gone = await tab.send(handler("BackfillWayBack", "at_once"), form={"reason": "Customers see wrong sums."})
        assert gone["backfill_way_back.item"]["state"] == BackfillState.ROLLING_BACK
        workshop.work(backfills.ROLL_BACK)
        seen = await tab.send(handler("BackfillWayBack", "refresh"))
        assert seen["backfill_way_back.item"]["state"] == BackfillState.ROLLED_BACK_WITH_CONFLICTS
        assert [row["found"] for row in seen["backfill_way_back.conflicts"]] == ["amount_minor = 999"] * 4
        first = seen["backfill_way_back.conflicts"][0]["key"]
        await tab.send(handler("BackfillWayBack", "ask_settle"), how="restore", key=first)
        one = await tab.send(handler("BackfillWayBack", "settle"), form={"reason": "The edit was a mistake."})
        assert one["backfill_way_back.open_conflicts"] == "3"
        await tab.send(handler("BackfillWayBack", "ask_settle"), how="keep", key="")
        rest = await tab.send(handler("BackfillWayBack", "settle"), form={"reason": "The edits are right."})
    assert rest["backfill_way_back.item"]["state"] == BackfillState.ROLLED_BACK
    assert [row["settled"] for row in rest["backfill_way_back.conflicts"]] == ["restore", "keep", "keep", "keep"]


async def test_windows_and_freezes_are_kept_on_the_calendar(web: Application, workshop: Workshop):
    secret = open_session(web, Role.OPS)
    week = {f"d{number}": "on" for number in range(5)}
    async with a_tab(secret, path=routes.BACKFILL_CALENDAR) as tab:
        tab.path = routes.BACKFILL_CALENDAR + "?month=2031-03"
        seen = await tab.send(handler("ReleaseCalendar", "load"))
        assert len(seen["release_calendar.days"]) == 42
        assert {day["state"] for day in seen["release_calendar.days"]} == {"free"}
        await tab.send(handler("ReleaseCalendar", "new"), what="window")
        window = {
            "name": "Evenings",
            "opens": "20:00",
            "closes": "23:00",
            "zone": "Europe/Berlin",
            "entity": "",
            **week,
        }
        await tab.send(handler("ReleaseCalendar", "save_window"), form=window)
        freeze = {"from": "2031-03-28T12:00", "to": "2031-04-01T08:00", "reason": "Quarter end", "entity": ""}
        await tab.send(handler("ReleaseCalendar", "save_freeze"), form=freeze)
        seen = await tab.send(handler("ReleaseCalendar", "load"))
    days = {day["day"]: day for day in seen["release_calendar.days"]}
    assert days["2031-03-10"]["hours"] == "20:00–23:00"
    assert days["2031-03-08"]["state"] == "closed"
    assert days["2031-03-29"]["freezes"] == ["Quarter end"]
    assert [row["days"] for row in seen["release_calendar.windows"]] == ["Mo–Fr"]
    assert [row["state"] for row in seen["release_calendar.freezes"]] == ["coming"]


async def test_a_start_outside_the_windows_is_planned(web: Application, workshop: Workshop):
    made = workshop.agreed("tests.plus_one")
    entity = backfills.WindowDraft("Never now", (0,), dt.time(3), dt.time(3, 1), "Pacific/Kiritimati")
    workshop.call("Ops", backfills.add_window, window=entity)
    secret = open_session(web, Role.OPS)
    async with a_tab(secret) as tab:
        at(tab, routes.BACKFILL, made)
        seen = await tab.send(handler("BackfillRequest", "load"))
        assert seen["backfill_request.gate"]["open"] == ""
        planned = await tab.send(handler("BackfillRequest", "plan"), form={"not_before": ""})
        assert planned["backfill_request.gate"]["planned"]
        again = await tab.send(handler("BackfillRequest", "forget_plan"))
    assert again["backfill_request.gate"]["planned"] == ""


async def test_the_request_in_the_inbox_shows_the_same_dry_run(web: Application, workshop: Workshop):
    made = drafted(workshop)
    asked = workshop.call("Dev", backfills.ask_approval, backfill_id=made)
    load = next(one for one in CALLABLE if one.endswith("approval_request_page.load"))
    secret = open_session(web, Role.FINANCE)
    async with a_tab(secret) as tab:
        tab.route, tab.path = routes.APPROVAL, routes.to(routes.APPROVAL, request_id=asked.id)
        inbox = await tab.send(load)
        at(tab, routes.BACKFILL, made)
        record = await tab.send(handler("BackfillRequest", "load"))
    for part in ("dry", "dry_sample", "dry_money", "dry_checks", "dry_locks"):
        assert inbox[f"approval_request_page.{part}"] == record[f"backfill_request.{part}"]


def test_a_row_behind_a_deviation_that_is_not_there_any_more_is_said_to_be_deleted():
    result = {"code": "money_moved.-", "money": {"of": "money_moved", "currency": None}}
    named = [{"key": "2", "shown": {}}, {"key": "3", "shown": {"amount_minor": 5}}]
    shown = verification_state._behind(result | {"named": named}, {}, Reader("en"))
    assert [one["shown"] for one in shown] == ["deleted since", "amount_minor 5"]
