"""What the audit page shows: one page of the log, one entry beside it, and how the log stands."""

from __future__ import annotations

from typing import Any, ClassVar

import reflex as rx

from console import routes
from console.components import PAGE_SIZE
from console.kit import backend
from console.kit.authz import event
from console.kit.saved_views import Keeping, SavedViewsState
from console.kit.shell_state import Shell
from console.pages.audit.rows import changes, entry_detail, entry_row, proof_detail, standing
from services import audit, runs
from services.audit import AuditFilter, LogRewritten, NotSealedYet
from services.core.permissions import Permission


class AuditLog(SavedViewsState, rx.State):
    """The log as the address narrows it."""

    _ABOUT: ClassVar[tuple[str, ...]] = ("subject_type", "subject", "actor")

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entities: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    entry: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    changes: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    proof: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    standing: rx.Field[dict[str, str]] = rx.field(default_factory=dict)
    about: str = ""

    @event(Permission.AUDIT_READ)
    async def load(self) -> None:
        query, reader = self._query(), await self._reader()
        found = await backend.load(
            self,
            audit.search,
            filter=AuditFilter.from_address(query, reader.time_zone),
            older_than=query.get("after"),
            newer_than=query.get("before"),
            limit=PAGE_SIZE,
        )
        self.rows = [entry_row(item, reader) for item in found.entries]
        self.entities = [
            {"value": item["id"], "label": item["name"]} for item in (await self.get_state(Shell)).entities
        ]
        self.standing = standing(await backend.load(self, audit.status), reader)
        self._name_subject(query, reader.text)
        await self._read_views()
        self.entry, self.changes, self.proof = {}, [], {}
        self._listed(
            range_label=reader.text("audit.range", count=reader.number(len(found.entries))),
            newer=found.newer or "",
            older=found.older or "",
        )

    @event(Permission.AUDIT_READ)
    async def open_entry(self, entry_id: str) -> None:
        """Shows one entry in full beside the list, with its proof."""
        found = await backend.call(self, audit.entry, entry_id=entry_id)
        reader = await self._reader()
        names = {item["value"]: item["label"] for item in self.entities}
        self.entry, self.changes = entry_detail(found, reader, names), changes(found, reader)
        try:
            self.proof = proof_detail(await backend.call(self, audit.prove, entry_id=entry_id), reader)
        except NotSealedYet:
            self.proof = {"state": "waiting"}
        except LogRewritten:
            self.proof = {"state": "broken"}

    @event(Permission.SELF)
    async def close_entry(self) -> None:
        self.entry, self.changes, self.proof = {}, [], {}

    @event(Permission.AUDIT_VERIFY)
    async def verify_now(self) -> Any:
        """Starts a verification of the whole log as a run, and goes there."""
        run_id = await backend.call(self, runs.start, kind="audit.verify", params={})
        return rx.redirect(routes.to(routes.RUN, run_id=run_id))

    def _keeping(self) -> Keeping:
        return Keeping(audit.saved_views, audit.save_view, audit.remove_view, routes.AUDIT)

    def _name_subject(self, query: dict[str, str], text: Any) -> None:
        """Narrowed to one record or one person, the list is their timeline."""
        self.about = ""
        if query.get("subject"):
            self.about = text("audit.timeline_of", name=f"{query.get('subject_type', '')} {query['subject']}".strip())
        elif query.get("actor") and self.rows:
            self.about = text("audit.timeline_by", name=self.rows[0]["who"])
