"""The pages of approvals over the whole path of an event: what is shown, and that no handler is a way around."""

from __future__ import annotations

import pytest

from console import routes
from console.console import app  # noqa: F401 - first, as the console itself is loaded
from console.kit.shell_state import Shell
from console.pages.approvals.cover_state import ApprovalCover
from console.pages.approvals.inbox_state import ApprovalInbox
from console.pages.approvals.policies_state import ApprovalPolicies
from console.pages.approvals.request_state import ApprovalRequestPage
from services import approvals, identity
from services.approvals import RequestState, RequestView
from services.core.actor import Actor
from services.core.errors import Forbidden, Invalid
from services.identity import Role
from tests.console.events import a_tab
from tests.factories.approvals import ONE, a_person, as_person, asked, declare_kinds
from tests.factories.identity import PASSWORD

declare_kinds()
_SYSTEM = Actor.system("test")
_PAGE = ApprovalRequestPage.get_full_name()


@pytest.fixture
def request_(web) -> RequestView:
    with web.database.unit_of_work(_SYSTEM) as uow:
        people = {name: a_person(uow, name, role) for name, role in _PEOPLE.items()}
        return asked(as_person(uow, people["Finance A"]))


_PEOPLE = {"Finance A": Role.FINANCE, "Finance B": Role.FINANCE, "Ops A": Role.OPS, "Auditor A": Role.AUDITOR}


def _secret(web, name: str) -> str:
    with web.database.unit_of_work(_SYSTEM) as uow:
        email = f"{name.replace(' ', '.').lower()}@example.com"
        opened = identity.authenticate(uow, email=email, password=PASSWORD, address=None, user_agent=None)
    assert isinstance(opened, identity.SessionSecret)
    return opened.value


def _now(web) -> RequestView:
    with web.database.unit_of_work(_SYSTEM) as uow:
        found = approvals.request_for(uow, kind=ONE.name, subject_id="s-1")
    assert found is not None
    return found


async def _decide(web, name: str, request: RequestView, deed: str) -> dict[str, object]:
    async with a_tab(_secret(web, name), path=f"/approvals/{request.id}") as tab:
        tab.route = routes.APPROVAL
        shown = await tab.send(f"{_PAGE}.load")
        said = await tab.send(f"{_PAGE}.{deed}", form={"reason": "looks right to me", "team": None, "digest": "0" * 64})
    return shown | said


async def test_a_second_person_sees_the_button_and_decides(web, request_: RequestView):
    shown = await _decide(web, "Finance B", request_, "agree")
    assert shown["approval_request_page.may_vote"] is False  # the last that was sent: nothing is left to vote on
    assert _now(web).state is RequestState.APPROVED


async def test_the_page_shows_the_trail_of_its_request(web, request_: RequestView):
    async with a_tab(_secret(web, "Auditor A"), path=f"/approvals/{request_.id}") as tab:
        tab.route = routes.APPROVAL
        shown = await tab.send(f"{_PAGE}.load")
    trail = shown["approval_request_page.trail"]
    assert [(entry["who"], entry["action"]) for entry in trail] == [("Finance A", "approvals.request.created")]  # pyright: ignore
    assert str(request_.id) in str(shown["approval_request_page.trail_href"])


@pytest.mark.parametrize("deed", ["agree", "reject"])
@pytest.mark.parametrize("name", ["Finance A", "Ops A", "Auditor A"])
async def test_nobody_else_gets_through_the_handler(web, request_: RequestView, name: str, deed: str):
    with pytest.raises(Forbidden):
        await _decide(web, name, request_, deed)
    assert (_now(web).state, _now(web).votes) == (RequestState.PENDING, 0)


async def test_a_handler_called_out_of_order_decides_nothing(web, request_: RequestView):
    async with a_tab(_secret(web, "Finance B"), path=f"/approvals/{request_.id}") as tab:
        tab.route = routes.APPROVAL
        with pytest.raises(Invalid):
            await tab.send(f"{_PAGE}.agree", form={})
    assert _now(web).votes == 0


async def test_the_inbox_and_the_header_count_what_waits_for_the_reader(web, request_: RequestView):
    for name, waiting in (("Finance B", 1), ("Finance A", 0), ("Ops A", 0)):
        async with a_tab(_secret(web, name), path="/approvals") as tab:
            shown = await tab.send(f"{ApprovalInbox.get_full_name()}.load")
            counted = await tab.send(f"{Shell.get_full_name()}.count_waiting")
        assert len(shown.get("approval_inbox.rows", [])) == waiting
        assert counted.get("shell.waiting", 0) == waiting


async def test_a_policy_is_proposed_from_a_draft_and_never_changed_by_it(web, request_: RequestView):
    state = ApprovalPolicies.get_full_name()
    async with a_tab(_secret(web, "Finance A"), path="/approvals/policies") as tab:
        await tab.send(f"{state}.edit", kind=ONE.name)
        await tab.send(f"{state}.add_step")
        await tab.send(f"{state}.change", index=1, name="amounts", value="1000.00 EUR, 900.00 CHF")
        await tab.send(f"{state}.change", index=1, name="ops", value="1")
        await tab.send(f"{state}.propose")
    with web.database.unit_of_work(_SYSTEM) as uow:
        (policy,) = [item for item in approvals.policies(uow) if item.kind == ONE.name]
        assert policy.version == 0
        assert policy.open_request is not None
        wanted = approvals.request_detail(uow, request_id=policy.open_request).request.content["tiers"]
    assert wanted[1]["from_amount"] == {"EUR": 100_000, "CHF": 90_000}
    assert wanted[1]["quorum"] == {"finance": 1, "ops": 1}


async def test_cover_is_named_and_ended_on_its_page(web, request_: RequestView):
    state = ApprovalCover.get_full_name()
    with web.database.unit_of_work(_SYSTEM) as uow:
        today, ops = uow.clock.today("UTC").isoformat(), identity.user_by_email(uow, email="ops.a@example.com").id
    async with a_tab(_secret(web, "Finance B"), path="/approvals/cover") as tab:
        form = {"to_id": str(ops), "starts_on": today, "ends_on": today, "reason": "holiday"}
        shown = await tab.send(f"{state}.name_cover", form=form)
        row = shown["approval_cover.rows"][0]
        assert (row["of"], row["by"], row["state"]) == ("Finance B", "Ops A", "active")
        await tab.send(f"{state}.ask", what="end", chosen=row["id"])
        shown = await tab.send(f"{state}.end")
        assert shown["approval_cover.rows"][0]["state"] == "revoked"
