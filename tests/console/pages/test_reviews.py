"""The report of an access review, as page and as file: owners, decisions, removed rights, late ones."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from starlette.testclient import TestClient

from console.http_api.app import api
from console.kit import session
from console.kit.gate import Gate
from services import identity
from services.core.actor import Actor
from services.identity import Role
from tests.console.conftest import web  # noqa: F401
from tests.console.events import a_tab, open_session
from tests.factories.identity import a_user, acting_as

_SYSTEM = Actor.system("test")
_SHELL = "reflex___state____state.console___kit___shell_state____shell"
_STATE = "reflex___state____state.console___pages___access___reviews_state____reviews"


@pytest.fixture
def boss(web) -> str:  # noqa: F811
    """An administrator's session, and a review whose day was yesterday: one right kept in time, one removed late."""
    secret = open_session(web, Role.ADMIN, email="boss@example.com")
    with web.database.unit_of_work(_SYSTEM) as uow:
        lead_id = a_user(uow, Role.DEV, email="lead@example.com")
        a_user(uow, Role.FINANCE, Role.OPS, email="clerk@example.com")
        due = uow.clock.now().date() + dt.timedelta(days=9)
        review = identity.start_review(
            acting_as(uow, "boss@example.com"), title="Spring", due_on=due, owners={"finance": lead_id}
        )
        lead = acting_as(uow, "lead@example.com")
        (finance,) = identity.review_items(lead, review_id=review)
        identity.decide(lead, item_id=finance.id, keep=False, note="moved to Ops")
        mine = acting_as(uow, "boss@example.com")
        ops = next(item for item in identity.review_items(mine, review_id=review) if item.role == "ops")
        identity.decide(mine, item_id=ops.id, keep=True)
        uow.driver.execute("UPDATE access_review SET due_on = (now() - interval '1 day')::date")
        uow.driver.execute("UPDATE access_review_item SET decided_at = now() - interval '3 days' WHERE role = 'ops'")
    return secret


async def test_the_page_shows_owners_decisions_and_what_is_late(boss):
    async with a_tab(boss, path="/access/reviews") as tab:
        shown = await tab.send(f"{_STATE}.load")
    (row,) = shown["reviews.rows"]
    assert (row["state"], row["total"], row["done"], row["removed"], row["late"]) == ("overdue", "4", "2", "1", "3")
    shares = {share["reviewer"]: share for share in shown["reviews.shares"]}
    assert len(shares) == 2, "the lead and the starter have one name; nobody decides over the starter's own"
    assert sum(int(share["removed"]) for share in shares.values()) == 1
    assert shares["any other administrator"]["undecided"] == "1"
    items = {item["role"]: item for item in shown["reviews.items"]}
    assert [(items[role]["decision"], items[role]["late"]) for role in ("Finance", "Ops", "Dev")] == [
        ("remove", "yes"),
        ("keep", ""),
        ("open", "yes"),
    ]


async def test_a_removal_is_asked_about_and_its_reason_stands_in_the_report(web, boss):  # noqa: F811
    async with a_tab(boss, path="/access/reviews") as tab:
        shown = await tab.send(f"{_STATE}.load")
        right = next(item for item in shown["reviews.items"] if item["may"] == "yes")
        asked = await tab.send(f"{_STATE}.ask_about", what="removal", item_id=right["id"])
        done = await tab.send(f"{_STATE}.remove", form={"reason": "left the team"})
    assert (asked["reviews.asking"], asked["reviews.about"]["role"]) == ("removal", "Dev")
    assert done["reviews.asking"] == ""
    assert "no longer holds Dev" in str(done)
    with web.database.unit_of_work(_SYSTEM) as uow:
        (review,) = identity.reviews(uow)
        decided = {item.role: item for item in identity.review_items(uow, review_id=review.id)}
    assert (decided["dev"].decision, decided["dev"].note) == ("remove", "left the team")


async def test_a_page_that_is_opened_again_begins_without_a_dialog(boss):
    async with a_tab(boss, path="/access/reviews") as tab:
        await tab.send(f"{_STATE}.load")
        asked = await tab.send(f"{_STATE}.ask_about", what="closing", item_id="")
        again = await tab.send(f"{_SHELL}.arrive") | await tab.send(f"{_STATE}.load")
    assert (asked["reviews.asking"], again["reviews.asking"]) == ("closing", "")


async def test_closing_names_what_nobody_decided_and_the_next_may_begin(boss):
    async with a_tab(boss, path="/access/reviews") as tab:
        shown = await tab.send(f"{_STATE}.load")
        asked = await tab.send(f"{_STATE}.ask_about", what="closing", item_id="")
        closed = await tab.send(f"{_STATE}.finish")
        offered = await tab.send(f"{_STATE}.ask")
    assert (shown["reviews.one_open"], shown["reviews.undecided"]) == (True, "2")
    assert asked["reviews.asking"] == "closing"
    assert (closed["reviews.one_open"], closed["reviews.asking"]) == (False, "")
    assert {"field": "owner_finance", "label": "Finance"} in offered["reviews.owned"]


async def test_a_custom_role_has_an_owner_too(web):  # noqa: F811
    secret = open_session(web, Role.ADMIN, email="boss@example.com")
    with web.database.unit_of_work(_SYSTEM) as uow:
        identity.create_role(uow, code="clerk", name="Clerk", permissions=[])
        lead = a_user(uow, Role.DEV, email="lead@example.com")
        clerk = a_user(uow, email="clerk@example.com")
        identity.grant_role(uow, user_id=clerk, role="clerk")
        due = uow.clock.now().date() + dt.timedelta(days=9)
    async with a_tab(secret, path="/access/reviews") as tab:
        offered = await tab.send(f"{_STATE}.ask")
        form = {"title": "Autumn", "due_on": due.isoformat(), "owner_clerk": str(lead), "owner_dev": ""}
        await tab.send(f"{_STATE}.start", form=form)
    assert {"field": "owner_clerk", "label": "Clerk"} in offered["reviews.owned"]
    with web.database.unit_of_work(_SYSTEM) as uow:
        mine = acting_as(uow, "lead@example.com")
        (review,) = identity.reviews(mine)
        assert [item.role for item in identity.review_items(mine, review_id=review.id)] == ["clerk"]


def test_the_file_holds_every_right_with_its_decision(web, boss):  # noqa: F811
    client = TestClient(Gate(api), base_url="http://localhost")
    client.cookies.set(session.COOKIE, boss, domain="localhost.local")
    with web.database.unit_of_work(_SYSTEM) as uow:
        (review,) = identity.reviews(uow)
    answer = client.get(f"/export/access-review.csv?review={review.id}")
    assert answer.status_code == 200
    lines = {line["Role"]: line for line in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))}
    assert len(lines) == 4
    assert (lines["finance"]["Decision"], lines["finance"]["Late"], lines["finance"]["Note"]) == (
        "remove",
        "yes",
        "moved to Ops",
    )
    assert (lines["ops"]["Decision"], lines["ops"]["Late"]) == ("keep", "")
    assert lines["dev"]["Late"] == "yes"
    assert client.get(f"/export/access-review.xlsx?review={review.id}").content[:2] == b"PK"


async def test_a_load_closes_what_an_earlier_visit_left_open_and_not_what_was_opened_since(boss):
    async with a_tab(boss, path="/access/reviews") as tab:
        await tab.send(f"{_SHELL}.arrive")
        assert (await tab.send(f"{_STATE}.ask"))["reviews.asking"] == "start"
        assert (await tab.send(f"{_STATE}.load")).get("reviews.asking", "start") == "start"
        again = await tab.send(f"{_SHELL}.arrive") | await tab.send(f"{_STATE}.load")
    assert again["reviews.asking"] == ""
