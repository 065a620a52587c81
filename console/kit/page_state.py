"""What the states of pages have in common: loading and failing, the URL, and how the reader writes figures."""

from __future__ import annotations

import re
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

import reflex as rx

from console.design.format import Reader
from console.design.texts import tr
from console.kit import backend, pages
from console.kit.authz import event
from console.kit.shell_state import Shell
from services.core.permissions import Permission

_BELOW = "below"  # the place in the second list of a page
_NOT_FILTERS = frozenset({"after", "before", _BELOW})


class PageState(rx.State, mixin=True):
    """One per page. A handler is: busy, one call across, rows assigned."""

    loaded: bool = False
    shown_at: str = ""
    shown_about: str = ""
    busy: bool = False
    failure: str = ""
    failure_body: str = ""
    way_out: str = ""
    way_out_name: str = ""
    visit: int = 0

    # The parameters of the address that decide what the page is about, not only which of its rows it shows.
    _ABOUT: ClassVar[tuple[str, ...]] = ()

    def _path(self) -> str:
        return urlsplit(str(self.router.url)).path

    def _elsewhere(self) -> bool:
        """Whether the reader asks for another record than the one that was shown last."""
        return self._path() != self.shown_at

    async def _arrived_anew(self) -> bool:
        """Whether the reader has come to the page since this was asked last: what an earlier visit left open is over.

        Whatever opens something asks too, so that a load that is still under way does not close it.
        """
        shell = await self.get_state(Shell)
        before, self.visit = self.visit, shell.visit
        return self.visit != before

    def _done(self) -> None:
        """Ends a load. Until then `loading_or` draws the skeleton under the new address."""
        self.loaded, self.shown_at, self.busy, self.failure, self.failure_body = True, self._path(), False, "", ""
        self.way_out = self.way_out_name = ""
        query = self._query()
        self.shown_about = "&".join(query.get(name, "") for name in self._ABOUT)

    def _fail(self, title: str, body: str, *, lost: bool = False) -> None:
        """Ends a load that found nothing to show; from a record that is not there a way leads to its list."""
        self._done()
        self.failure, self.failure_body = title, body
        listing = pages.list_of(self.router.route_id) if lost else None
        if listing is not None and backend.may(listing.permission):
            self.way_out, self.way_out_name = listing.route, tr(backend.locale(), listing.title)

    async def _reader(self) -> Reader:
        """How this reader writes numbers, money and times."""
        shell = await self.get_state(Shell)
        return Reader(backend.locale(), shell.time_zone)

    def _query(self) -> dict[str, str]:
        """The parameters of the address: filters, sort and place in the list. They are the truth, not the state."""
        return {name: str(value) for name, value in self.router.url.query_parameters.items()}

    def _parameter(self, name: str) -> str:
        """A part of the address: `_parameter("break_id")` on `/breaks/[break_id]`."""
        pattern = re.sub(r"\\\[(\w+)\\\]", r"(?P<\1>[^/]+)", re.escape("/" + self.router.route_id.strip("/")))
        match = re.fullmatch(pattern, self._path().rstrip("/") or "/")
        return match.groupdict().get(name, "") if match else ""


class ListState(PageState, mixin=True):
    """A list whose filters, sort and place stand in the address, so that it can be shared and gone back to.

    `load` reads `_query()`, calls across once, assigns rows and ends with `_listed(...)`.
    """

    filters: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    query_string: str = ""
    sort: str = ""
    descending: bool = True
    range_label: str = ""
    newer: str = ""
    older: str = ""
    below_newer: str = ""
    below_older: str = ""
    selected: list[str] = []

    def _listed(self, *, range_label: str = "", newer: str = "", older: str = "") -> None:
        """Ends a load: `newer` and `older` are the cursors of the neighbouring pages, empty at the ends."""
        query = self._query()
        self.filters = {name: value for name, value in query.items() if name not in _NOT_FILTERS | {"sort", "dir"}}
        self.query_string = urlencode({name: value for name, value in query.items() if name not in _NOT_FILTERS})
        self.sort, self.descending = query.get("sort", ""), query.get("dir", "desc") != "asc"
        self.range_label, self.newer, self.older = range_label, newer, older
        self.selected = []
        self._done()

    def _below(self) -> int:
        """How many rows of the page's second list stand before those the address asks for."""
        text = self._query().get(_BELOW, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0

    def _listed_below(self, offset: int, *, step: int, more: bool) -> None:
        """The addresses of the second list's neighbouring pages, empty at the ends."""
        self.below_newer = self._with({**self._query(), _BELOW: str(max(0, offset - step))}) if offset else ""
        self.below_older = self._with({**self._query(), _BELOW: str(offset + step)}) if more else ""

    @event(Permission.SELF)
    async def set_filter(self, name: str, value: str) -> Any:
        """Puts one filter into the address (or takes it out when empty) and goes to the first rows."""
        return self._go({**self._unplaced(), str(name)[:40]: str(value).strip()[:200]})

    @event(Permission.SELF)
    async def clear_filters(self) -> Any:
        query = self._query()
        return self._go({name: query[name] for name in ("sort", "dir") if name in query})

    @event(Permission.SELF)
    async def sort_by(self, column: str) -> Any:
        """Sorts by the column, largest or newest first; a second click turns the order round."""
        query = self._unplaced()
        again = query.get("sort", "") == column and query.get("dir", "desc") == "desc"
        return self._go({**query, "sort": str(column)[:40], "dir": "asc" if again else "desc"})

    @event(Permission.SELF)
    async def go_newer(self) -> Any:
        return self._go({**self._unplaced(), "before": self.newer})

    @event(Permission.SELF)
    async def go_older(self) -> Any:
        return self._go({**self._unplaced(), "after": self.older})

    @event(Permission.SELF)
    async def toggle_selected(self, key: str) -> None:
        rest = [item for item in self.selected if item != key]
        self.selected = rest if len(rest) < len(self.selected) else [*rest, str(key)[:80]][-100:]

    @event(Permission.SELF)
    async def select_rows(self, keys: str) -> None:
        """Selects every row of the comma-separated keys beside those that are; asked again, nothing changes."""
        wanted = [key[:80] for key in str(keys)[:9_000].split(",") if key]
        self.selected = list(dict.fromkeys([*self.selected, *wanted]))[-100:]

    @event(Permission.SELF)
    async def clear_selected(self) -> None:
        self.selected = []

    def _unplaced(self) -> dict[str, str]:
        return {name: value for name, value in self._query().items() if name not in _NOT_FILTERS}

    def _go(self, query: dict[str, str]) -> Any:
        """The same page with other parameters; that runs `on_load` again without a reload."""
        return rx.redirect(self._with(query), replace=True)

    def _with(self, query: dict[str, str]) -> str:
        """The address of this page with these parameters."""
        path = self._path() or "/"
        text = urlencode({name: value for name, value in query.items() if value})
        return f"{path}?{text}" if text else path
