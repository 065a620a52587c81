"""Access reviews: the campaigns, and the rights of the one that is looked at."""

from __future__ import annotations

import uuid
from typing import Any

import reflex as rx

from console.design.format import Reader
from console.kit import backend
from console.kit.authz import event
from console.kit.notices import Notices
from console.kit.page_state import PageState
from services import identity
from services.core.db import UnitOfWork
from services.core.errors import NotFound
from services.core.permissions import Permission
from services.identity import ReviewItemView, ReviewShareView, Role, RoleView, UserView

_SHOWN = 100


def item_row(item: ReviewItemView, reader: Reader) -> dict[str, str]:
    """One right under review as the reader reads it."""
    return {
        "id": str(item.id),
        "person": item.person,
        "role": _role_name(item.role, item.role, reader),
        "entity": item.entity or reader.text("access.all_entities"),
        "seen": reader.moment(item.last_sign_in_at) if item.last_sign_in_at else reader.text("access.never"),
        "reviewer": item.reviewer or reader.text("access.any_admin"),
        "decision": item.decision or "open",
        "decided": f"{item.decider}, {reader.moment(item.decided_at)}" if item.decided_at else "",
        "late": "yes" if item.late else "",
        "may": "yes" if item.may_decide else "",
    }


def share_row(share: ReviewShareView, reader: Reader) -> dict[str, str]:
    """What one owner had to decide, in figures."""
    return {
        "reviewer": share.reviewer or reader.text("access.any_admin"),
        "rights": reader.number(share.rights),
        "kept": reader.number(share.kept),
        "removed": reader.number(share.removed),
        "undecided": reader.number(share.undecided),
        "late": reader.number(share.late),
    }


def _role_name(code: str, custom: str, reader: Reader) -> str:
    """A role of the code by its word, a custom one by the name that it was given."""
    return reader.text(f"access.role_{code}") if code in {role.value for role in Role} else custom


def _people(uow: UnitOfWork) -> tuple[list[UserView], list[RoleView]]:
    return [person for person in identity.users(uow) if person.active], identity.roles(uow)


class Reviews(PageState, rx.State):
    """`chosen` is the review whose rights are shown: the newest unless another was picked. `asking` is the dialog that
    is open: "", start, removal (of the right that is `about`) or closing."""

    rows: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    items: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    shares: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    people: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    chosen: str = ""
    title: str = ""
    shown: str = ""
    undecided: str = ""
    running: bool = False
    one_open: bool = False
    owned: rx.Field[list[dict[str, str]]] = rx.field(default_factory=list)
    asking: str = ""
    about: rx.Field[dict[str, str]] = rx.field(default_factory=dict)

    @event(Permission.REVIEW_READ)
    async def load(self) -> None:
        """Begins without a dialog, also for who comes back from proving that it is them."""
        if await self._arrived_anew():
            self.asking = ""
        await self._load()

    @event(Permission.REVIEW_READ)
    async def choose(self, review_id: str) -> None:
        self.chosen = str(review_id)
        await self._load()

    @event(Permission.USER_MANAGE)
    async def ask(self) -> None:
        people, roles = await backend.call(self, _people)
        reader = await self._reader()
        self.people = [{"value": str(person.id), "label": person.display_name} for person in people]
        self.owned = [
            {"field": f"owner_{role.code}", "label": _role_name(role.code, role.name, reader)} for role in roles
        ]
        await self._arrived_anew()
        self.asking = "start"

    @event(Permission.REVIEW_READ)
    async def ask_about(self, what: str, item_id: str = "") -> None:
        """Asks before a right is removed, or before the review is closed."""
        self.about = next((row for row in self.items if row["id"] == item_id), {})
        await self._arrived_anew()
        self.asking = what if what in ("removal", "closing") else ""

    @event(Permission.SELF)
    async def close(self, open_: bool) -> None:
        self.asking = self.asking if open_ else ""

    @event(Permission.USER_MANAGE)
    async def start(self, form: dict[str, Any]) -> Any:
        owners = {key.removeprefix("owner_"): who for key, who in form.items() if key.startswith("owner_") and who}
        review = await backend.call(
            self, identity.start_review, title=form.get("title", ""), due_on=form.get("due_on", ""), owners=owners
        )
        self.asking, self.chosen = "", str(review)
        await self._load()
        yield Notices.show("ok", (await self._reader()).text("access.said_review_started"))

    @event(Permission.REVIEW_READ)
    async def decide(self, item_id: str, keep: bool) -> None:
        await backend.call(self, identity.decide, item_id=item_id, keep=keep)
        await self._load()

    @event(Permission.REVIEW_READ)
    async def remove(self, form: dict[str, Any]) -> Any:
        """Takes the right that was asked about, with the reason that stands in the report."""
        about, note = self.about, str(form.get("reason") or "")
        await backend.call(self, identity.decide, item_id=about.get("id", ""), keep=False, note=note)
        self.asking = ""
        await self._load()
        reader = await self._reader()
        said = reader.text("access.said_removed", person=about["person"], role=about["role"])
        yield Notices.show("ok", said)

    @event(Permission.USER_MANAGE)
    async def finish(self) -> Any:
        left = await backend.call(self, identity.close_review, review_id=self.chosen)
        self.asking = ""
        await self._load()
        yield Notices.show("ok", (await self._reader()).text("access.said_review_closed", count=left))

    async def _load(self) -> None:
        found = await backend.load(self, identity.reviews)
        reader = await self._reader()
        if self.chosen not in {str(review.id) for review in found}:
            self.chosen = str(found[0].id) if found else ""
        self.rows = [
            {
                "id": str(review.id),
                "title": review.title,
                "due": reader.date(review.due_on),
                "done": reader.number(review.kept + review.removed),
                "total": reader.number(review.total),
                "removed": reader.number(review.removed),
                "late": reader.number(review.late),
                "state": "closed" if review.closed_at else "overdue" if review.overdue else "open",
            }
            for review in found
        ]
        looked_at = next((row for row in self.rows if row["id"] == self.chosen), {})
        self.title, self.running = looked_at.get("title", ""), looked_at.get("state", "closed") != "closed"
        self.one_open = any(row["state"] != "closed" for row in self.rows)
        await self._load_items()
        self._done()

    async def _load_items(self) -> None:
        if not self.chosen:
            self.items, self.shares, self.shown = [], [], ""
            return
        try:
            items = await backend.call(self, identity.review_items, review_id=uuid.UUID(self.chosen))
        except (NotFound, ValueError):
            items = []
        reader = await self._reader()
        listed = items[:_SHOWN]
        more = {"shown": reader.number(len(listed)), "total": reader.number(len(items))}
        self.shown = reader.text("access.rights_shown", **more) if len(items) > _SHOWN else ""
        self.shares = [share_row(share, reader) for share in identity.review_shares(items)]
        self.items = [item_row(item, reader) for item in listed]
        self.undecided = reader.number(sum(item.decision is None for item in items))
