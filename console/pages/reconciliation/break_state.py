"""One break and the work on it."""

from __future__ import annotations

import asyncio
from typing import Any

import reflex as rx

from console.kit import application, backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from console.kit.trail import trail_href, trail_rows
from console.pages.reconciliation.adjustments import adjustment_row
from console.pages.reconciliation.break_sheet import (
    break_sheet,
    candidate_rows,
    evidence_note,
    set_rows,
    side_rows,
    story_rows,
    terms_line,
    verdict_rows,
)
from services import reconciliation
from services.core.errors import Invalid
from services.core.permissions import Permission

_LARGEST = 10 << 20  # what a file of evidence may have; one byte more is read to see that it has more


class BreakPage(PageState, rx.State):
    """Both sides, why they do not match, what comes near, and what people did about it."""

    item: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    sides: rx.Field[list[dict[str, Any]]] = rx.field(default_factory=list)
    differing: str = "0"
    all_fields: str = "0"
    verdicts: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    candidates: rx.Field[list[dict[str, Any]]] = rx.field(default_factory=list)
    sets: rx.Field[list[dict[str, Any]]] = rx.field(default_factory=list)
    story: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    people: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    trail: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    trail_href: str = ""
    adjusted: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    files: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    terms: str = ""  # what writing it off takes
    matching: str = ""  # the names of the other breaks while their dialog is open

    @event(Permission.RECONCILIATION_READ)
    async def load(self) -> None:
        await self._show()
        self._done()

    async def _show(self) -> None:
        reader = await self._reader()
        found = await backend.load(self, reconciliation.break_report, name=self._parameter("break_id"))
        self.item, self.matching = break_sheet(found.view, reader), ""
        self.terms = terms_line(found.terms, reader)
        self.sides = side_rows(found.view, found.evidence, reader)
        self.differing = reader.number(sum(bool(row["differs"]) for row in self.sides))
        self.all_fields = reader.number(len(self.sides))
        self.verdicts = verdict_rows(found.evidence.verdicts, reader)
        self.candidates = candidate_rows(found.evidence.candidates, reader)
        self.sets = set_rows(found.evidence.sets, reader)
        self.story = story_rows(found.evidence.story, reader)
        self.files = [
            {
                "href": f"/breaks/evidence/{item.id}",
                "name": item.name,
                "note": evidence_note(item, reader),
            }
            for item in found.files
        ]
        self.adjusted = [adjustment_row(item, reader) for item in found.adjustments]
        self.people = [{"value": str(person.id), "label": person.name} for person in found.people]
        about = {"subject_type": "reconciliation_break", "subject_id": str(found.view.number)}
        self.trail, self.trail_href = trail_rows(found.deeds, reader), trail_href(**about)

    @event(Permission.BREAK_WORK)
    async def comment(self, form: dict[str, Any]) -> Any:
        await backend.call(
            self, reconciliation.comment_on_break, number=self._number(), body=str(form.get("comment", ""))
        )
        yield await self._told("reconciliation.commented_now")
        yield BreakPage.load

    @event(Permission.BREAK_WORK)
    async def attach(self, files: list[rx.UploadFile]) -> Any:
        """Keeps the files with the break; a virus scanner, where there is one, looks first, then the service checks."""
        scanner = application.current().scanner
        for file in files:
            content = file.file.read(_LARGEST + 1)
            await asyncio.to_thread(scanner.require_clean, file.name or "", content)
            await backend.call(
                self, reconciliation.attach_evidence, number=self._number(), name=file.name or "", content=content
            )
        yield await self._told("breakwork.evidence_added")
        yield BreakPage.load

    @event(Permission.BREAK_WORK)
    async def adjust(self, form: dict[str, Any]) -> Any:
        """Records a correcting entry; the amount is written in the break's currency."""
        amount = (await self._reader()).read_money(str(form.get("amount", "")), self.item["currency"])
        await backend.call(
            self,
            reconciliation.book_adjustment,
            number=self._number(),
            amount_minor=amount.minor,
            booked_on=str(form.get("booked_on", "")),  # pyright: ignore[reportArgumentType]
            **{name: str(form.get(name, "")) for name in ("debit", "credit", "memo")},
        )
        yield await self._told("adjustments.added")
        yield BreakPage.load

    @event(Permission.BREAK_WORK)
    async def assign(self, person_id: str) -> Any:
        await backend.call(
            self,
            reconciliation.assign_break,
            number=self._number(),
            version=int(self.item["version"]),
            person_id=person_id or None,  # pyright: ignore[reportArgumentType]
        )
        yield await self._told("reconciliation.assigned_now", name=self.item["name"])
        yield BreakPage.load

    @event(Permission.BREAK_WORK)
    async def resolve(self, form: dict[str, Any]) -> Any:
        self.busy = True
        yield
        try:
            await backend.call(
                self,
                reconciliation.resolve_break,
                number=self._number(),
                version=int(self.item["version"]),
                resolution=str(form.get("resolution", "")),  # pyright: ignore[reportArgumentType]
                reason=str(form.get("reason", "")),
            )
        finally:
            self.busy = False
        await self._show()
        done = "reconciliation.resolved_now" if self.item["state"] == "resolved" else "breakwork.proposed_now"
        yield await self._told(done, name=self.item["name"])

    @event(Permission.BREAK_WORK)
    async def ask_match(self, number: str) -> None:
        """Opens the dialog for one candidate, or for a set of them by its numbers with commas between."""
        known = any(row["number"] == number for row in (*self.candidates, *self.sets))
        self.matching = ", ".join(f"B-{one}" for one in number.split(",")) if known else ""

    @event(Permission.SELF)
    async def close_match(self, open_: bool) -> None:
        self.matching = self.matching if open_ else ""

    @event(Permission.BREAK_WORK)
    async def match(self, form: dict[str, Any]) -> Any:
        """Says that this break and the chosen candidate, or all of a set, belong together."""
        others = [int(name.removeprefix("B-") or 0) for name in self.matching.split(", ")]
        numbers = [self._number(), *others]
        reason, force = str(form.get("reason", "")), bool(form.get("force"))
        await backend.call(self, reconciliation.match_by_hand, numbers=numbers, reason=reason, force=force)
        yield await self._told("breakwork.matched")
        yield BreakPage.load

    @event(Permission.BREAK_WORK)
    async def reopen(self, form: dict[str, Any]) -> Any:
        await backend.call(
            self,
            reconciliation.reopen_break,
            number=self._number(),
            version=int(self.item["version"]),
            reason=str(form.get("reason", "")),
        )
        yield await self._told("reconciliation.reopened_now", name=self.item["name"])
        yield BreakPage.load

    def _number(self) -> int:
        """The break the page shows. Raises Invalid while its address names another already."""
        shown = self.item.get("name", "").removeprefix("B-")
        if shown != self._parameter("break_id").upper().removeprefix("B-"):
            raise Invalid("The page still shows another break. Nothing was changed; try again.")
        return int(shown)

    async def _told(self, key: str, **values: object) -> Any:
        reader = await self._reader()
        return Notices.show("ok", reader.text(key, **values))
