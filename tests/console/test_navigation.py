"""The navigation: each page under one entry, each letter once."""

from __future__ import annotations

import pytest

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console import routes
from console.console import PAGES
from console.kit import navigation


def test_every_letter_leads_to_one_entry():
    letters = [entry.letter for entry in navigation.entries() if entry.letter]
    assert sorted(letters) == sorted(set(letters))


@pytest.mark.parametrize(
    ("route", "entry"),
    [
        (routes.OVERVIEW, routes.OVERVIEW),
        (routes.PAYMENT, routes.PAYMENTS),
        (routes.RECONCILIATION_MONTH, routes.RECONCILIATION_MONTH),
        (routes.RECONCILIATION_MATCH, routes.RECONCILIATION),
        (routes.BREAK, routes.BREAKS),
        (routes.ACCOUNT, ""),
    ],
)
def test_a_page_belongs_to_the_entry_nearest_above_it(route, entry):
    assert navigation.above(route) == entry


def test_every_page_but_ones_own_account_is_marked_in_the_navigation():
    marked = {entry.route for entry in navigation.entries()}
    assert [page.route for page in PAGES if page.entry not in marked] == [routes.ACCOUNT]
