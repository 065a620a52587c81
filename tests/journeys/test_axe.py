"""No page has a serious accessibility violation: every route there is, light and dark, wide and narrow."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from axe_core_python.sync_playwright import Axe

import rxconfig  # noqa: F401 - prepares the environment Reflex reads at import
from console.console import PAGES

_STOPPING = {"serious", "critical"}


def _violations(page: Any) -> list[str]:
    found = Axe().run(page)["violations"]
    return [
        f"{item['id']}: {item['help']} at {[node['target'] for node in item['nodes']][:3]}"
        for item in found
        if item["impact"] in _STOPPING
    ]


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_no_page_has_a_serious_violation(page_as, width, theme):
    page = page_as("admin", width=width)
    page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
    found = {}
    for route in [declared.route for declared in PAGES]:
        page.goto(re.sub(r"\[\w+\]", str(uuid.uuid4()), route))
        page.wait_for_selector("main h1, main h2")
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        if violations := _violations(page):
            found[route] = violations
    assert found == {}


def test_the_sign_in_has_no_serious_violation(browser_context):
    page = browser_context().new_page()
    page.goto("/auth/sign-in")
    assert _violations(page) == []


def test_overlays_have_no_serious_violation(page_as):
    page = page_as("finance.a")
    for open_it in ("Control+k", "?"):
        page.keyboard.press(open_it)
        page.wait_for_selector("dialog[open]")
        assert _violations(page) == []
        page.keyboard.press("Escape")
    page.click("button.avatar")
    assert _violations(page) == []
