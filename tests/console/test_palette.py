"""Ctrl K: pages by name, records by the id that somebody copied."""

from __future__ import annotations

import pytest

from services.bootstrap import Application
from services.identity import Role
from services.payments.vocabulary import StripeObject
from tests.console.conftest import SYSTEM
from tests.console.events import Tab, a_tab, open_session
from tests.console.test_authz_every_handler import CALLABLE
from tests.factories import payments as stripe

_SEARCH = next(name for name in CALLABLE if name.endswith("palette.search"))


async def _hits(tab: Tab, text: str) -> list[tuple[str, str]]:
    sent = await tab.send(_SEARCH, text=text)
    return [(hit["title"], hit["note"]) for hit in sent.get("palette.hits", [])]


@pytest.fixture
def ids(web: Application) -> dict[str, str]:
    with web.database.unit_of_work(SYSTEM) as uow:
        account = stripe.connected_account(uow)
        intent, payout = stripe.intent(amount=1999), stripe.payout(amount=500)
        charge = stripe.charge(intent=intent["id"])
        for kind, raw in (
            (StripeObject.CHARGE, charge),
            (StripeObject.PAYMENT_INTENT, intent),
            (StripeObject.PAYOUT, payout),
        ):
            stripe.stored(uow, account, kind, raw)
    return {"payment": intent["id"], "charge": charge["id"], "payout": payout["id"]}


async def test_a_stripe_id_leads_to_its_record(web: Application, ids: dict[str, str]):
    async with a_tab(open_session(web, Role.FINANCE)) as tab:
        assert await _hits(tab, ids["payment"]) == [(ids["payment"], "€19.99")]
        assert await _hits(tab, ids["charge"]) == [(ids["payment"], "€19.99")]
        assert await _hits(tab, ids["payout"]) == [(ids["payout"], "€5.00")]
        assert await _hits(tab, "pi_nobody") == []


async def test_pages_are_found_by_their_name(web: Application):
    async with a_tab(open_session(web, Role.FINANCE)) as tab:
        assert "Reconciliations" in [title for title, _ in await _hits(tab, "reconc")]
