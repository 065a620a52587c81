"""The queue of breaks, over all runs."""

from __future__ import annotations

from typing import Any

import reflex as rx

from console import routes
from console.components import PAGE_SIZE
from console.design.format import Reader
from console.kit import backend, session
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.saved_views import Keeping, SavedViewsState
from console.kit.shell_state import Shell
from console.pages.reconciliation import rows
from console.pages.reconciliation.break_sheet import bulk_terms_line
from services import identity, reconciliation
from services.core.permissions import Permission
from services.reconciliation import BreakFilter

_DEEDS = ("match", "resolve", "reopen", "comment", "assign")


def _parts(form: dict[str, Any], chosen: list[dict[str, str]], reader: Reader) -> dict[int, int]:
    """The breaks of which only a part belongs to the match, in minor units."""
    given = {row["id"]: (str(form.get(f"part_{row['id']}") or "").strip(), row["currency"]) for row in chosen}
    return {int(key): reader.read_money(text, currency).minor for key, (text, currency) in given.items() if text}


class BreakQueue(SavedViewsState, rx.State):
    """Breaks of the chosen entities; what is not resolved unless the address says otherwise."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    causes: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    people: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    me: str = ""
    chosen: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    terms: str = ""  # what writing the chosen ones off takes
    asking: str = ""  # one of _DEEDS while its dialog is open

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        page = await backend.load(
            self,
            reconciliation.list_breaks,
            filter=BreakFilter.from_address(query),
            sort=query.get("sort", "delta"),
            descending=query.get("dir") != "asc",
            limit=PAGE_SIZE,
            offset=rows.offset_of(query),
        )
        self.rows = [rows.break_row(item, reader) for item in page.rows]
        self.entities = [
            {"value": item["id"], "label": item["name"]} for item in (await self.get_state(Shell)).entities
        ]
        found = await backend.load(self, reconciliation.recurring_causes, limit=5)
        self.causes = [rows.cause_row(item, reader) for item in found]
        self.me, self.asking = str(session.PRINCIPAL.get().actor.id or ""), ""
        await self._read_views()
        self._listed(range_label=rows.range_of(page, reader), **rows.place(page, PAGE_SIZE))

    def _keeping(self) -> Keeping:
        return Keeping(
            reconciliation.break_views, reconciliation.save_break_view, reconciliation.remove_break_view, routes.BREAKS
        )

    @event(Permission.BREAK_WORK)
    async def take(self) -> Any:
        """Gives the selected breaks to the reader, all or none."""
        me: Any = session.PRINCIPAL.get().actor.id
        count = await self._together(reconciliation.assign_breaks, person_id=me)
        yield await self._told("taken", count)
        yield BreakQueue.load

    @event(Permission.BREAK_WORK)
    async def ask(self, what: str) -> None:
        """Opens the dialog of a deed; for an assignment with those who may work where the first break is."""
        if what == "assign" and self.selected:
            entity = next((row["entity"] for row in self.rows if row["id"] == self.selected[0]), None)
            found = await backend.call(
                self,
                identity.colleagues,
                permission=Permission.BREAK_WORK,
                entity_id=entity,  # pyright: ignore[reportArgumentType]
            )
            self.people = [{"value": str(person.id), "label": person.name} for person in found]
        if what == "resolve" and self.selected:
            numbers: Any = self.selected
            found = await backend.call(self, reconciliation.write_off_terms, numbers=numbers)
            self.terms = bulk_terms_line(found, await self._reader())
        self.chosen = [row for row in self.rows if row["id"] in self.selected]
        self.asking = what if what in _DEEDS else ""

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = self.asking if open_ else ""

    @event(Permission.BREAK_WORK)
    async def match(self, form: dict[str, Any]) -> Any:
        """Says that the selected breaks, or parts of them, belong together; forced, also when they do not add up."""
        chosen: Any = self.selected
        reason, force = str(form.get("reason", "")), bool(form.get("force"))
        parts = _parts(form, self.chosen, await self._reader())
        await backend.call(self, reconciliation.match_by_hand, numbers=chosen, reason=reason, force=force, parts=parts)
        yield await self._told("matched")
        yield BreakQueue.load

    @event(Permission.BREAK_WORK)
    async def resolve(self, form: dict[str, Any]) -> Any:
        """Ends the selected breaks alike; write-offs above the threshold are proposed."""
        ended = await self._together(
            reconciliation.resolve_breaks,
            resolution=str(form.get("resolution", "")),
            reason=str(form.get("reason", "")),
        )
        yield await self._ended(ended)
        yield BreakQueue.load

    @event(Permission.BREAK_WORK)
    async def reopen(self, form: dict[str, Any]) -> Any:
        """Opens the selected breaks again that a person had resolved."""
        count = await self._together(reconciliation.reopen_breaks, reason=str(form.get("reason", "")))
        yield await self._told("reopened_many", count)
        yield BreakQueue.load

    @event(Permission.BREAK_WORK)
    async def comment(self, form: dict[str, Any]) -> Any:
        """Says the same about each of the selected breaks."""
        count = await self._together(reconciliation.comment_on_breaks, body=str(form.get("reason", "")))
        yield await self._told("commented_many", count)
        yield BreakQueue.load

    @event(Permission.BREAK_WORK)
    async def assign(self, form: dict[str, Any]) -> Any:
        """Gives the selected breaks to one person, or to nobody."""
        count = await self._together(reconciliation.assign_breaks, person_id=str(form.get("person", "")) or None)
        yield await self._told("assigned_many", count)
        yield BreakQueue.load

    async def _ended(self, ended: reconciliation.Ended) -> Any:
        """How many are resolved; below it how many wait for somebody else, and how many stayed as they were."""
        reader = await self._reader()
        waiting = reader.text("breakwork.proposed_many", count=ended.proposed) if ended.proposed else ""
        stayed = reader.text("breakwork.left_out", count=ended.left_out) if ended.left_out else ""
        title = reader.text("breakwork.resolved_many", count=ended.resolved)
        return Notices.show("ok" if ended.resolved else "info", title, " ".join(filter(None, (waiting, stayed))))

    async def _together(self, deed: Any, **arguments: Any) -> Any:
        chosen: Any = self.selected
        return await backend.call(self, deed, numbers=chosen, **arguments)

    async def _told(self, key: str, count: int = 0) -> Any:
        reader = await self._reader()
        return Notices.show("ok", reader.text(f"breakwork.{key}", count=count))
