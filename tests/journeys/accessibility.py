"""What keeps people from using a page: what axe finds, and what lies beyond the edge of a phone."""

from __future__ import annotations

from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page

_STOPPING = {"serious", "critical"}
_FURTHER_ROWS = {"exclude": [["tbody tr:nth-child(n+4)"]]}


def violations(page: Page) -> list[str]:
    """Of a long table the first rows stand for all."""
    found = Axe().run(page, context=_FURTHER_ROWS)["violations"]
    return [
        f"{item['id']}: {item['help']} at {[node['target'] for node in item['nodes']][:3]}"
        for item in found
        if item["impact"] in _STOPPING
    ]


def beyond_the_edge(page: Page) -> list[str]:
    """Whatever makes the whole page scroll sideways."""
    width, visible = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return [f"{width} px wide in a window of {visible}"] if width > visible else []
