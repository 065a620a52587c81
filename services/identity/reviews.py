"""Access reviews: by a day, somebody looks at every right of everybody, and keeps or removes it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Date, and_, cast, func, or_, select
from sqlalchemy.orm import aliased

from services import audit
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Forbidden, Invalid, NotFound
from services.core.permissions import Permission
from services.identity.letters import send_review
from services.identity.models import LegalEntity, RoleGrant, User
from services.identity.models_proof import AccessReview, AccessReviewItem
from services.identity.people import take_role
from services.identity.queries import home_zone
from services.identity.roles import holders_of
from services.identity.views import ReviewItemView, ReviewShareView, ReviewView

_REMIND_BEFORE = dt.timedelta(days=3)
_LONGEST = dt.timedelta(days=366)


def start_review(
    uow: UnitOfWork, *, title: str, due_on: dt.date, owners: Mapping[str, uuid.UUID] | None = None
) -> uuid.UUID:
    """Lists every right of every active person. `owners` names who decides over a role; the starter does otherwise.

    Nobody decides over their own: that falls to any other administrator. Who has to decide is told by mail. Raises
    Invalid for a day gone by or more than 366 days ahead, Conflict while another review is open.
    """
    uow.actor.require(Permission.USER_MANAGE)
    _check_start(uow, title, due_on)
    review = AccessReview(title=title.strip(), due_on=due_on, started_by=uow.actor.id)
    uow.session.add(review)
    uow.session.flush()
    rights = _lay_rights(uow, review, owners or {})
    audit.record(
        uow,
        action="identity.review.started",
        subject_type="access_review",
        subject_id=review.id,
        after={"title": review.title, "due_on": due_on.isoformat(), "rights": rights},
    )
    _tell(uow, review, "review_started")
    return review.id


def _check_start(uow: UnitOfWork, title: str, due_on: dt.date) -> None:
    if not title.strip() or len(title) > 100:
        raise Invalid("A review needs a title of up to 100 characters.")
    if due_on <= _today(uow):
        raise Invalid("The day by which everything is decided has to lie ahead.")
    if due_on > _today(uow) + _LONGEST:
        raise Invalid("A review is decided within 366 days.")
    if uow.session.scalar(select(AccessReview.id).where(AccessReview.closed_at.is_(None))):
        raise Conflict("Another review is still open. Close it first.")


def _lay_rights(uow: UnitOfWork, review: AccessReview, owners: Mapping[str, uuid.UUID]) -> int:
    """One item for each right of each active person; how many there are."""
    grants = uow.session.execute(
        select(RoleGrant.user_id, RoleGrant.role, RoleGrant.entity_id)
        .join(User, User.id == RoleGrant.user_id)
        .where(User.deactivated_at.is_(None))
    ).all()
    for user_id, role, entity_id in grants:
        reviewer = owners.get(role, uow.actor.id)
        item = AccessReviewItem(review_id=review.id, user_id=user_id, role=role, entity_id=entity_id)
        item.reviewer_id = None if reviewer == user_id else reviewer
        uow.session.add(item)
    uow.session.flush()
    return len(grants)


def decide(uow: UnitOfWork, *, item_id: uuid.UUID, keep: bool, note: str = "") -> None:
    """Keeps or removes one right; a removal takes effect at once. For its reviewer, or an administrator.

    Raises Forbidden over one's own, Conflict when it was decided or the review is closed.
    """
    uow.actor.require(Permission.REVIEW_READ)
    item = uow.session.get(AccessReviewItem, item_id, with_for_update=True)
    if item is None:
        raise NotFound("There is no such right under review.")
    if item.reviewer_id != uow.actor.id or uow.actor.impersonating is not None:
        uow.actor.require(Permission.USER_MANAGE)
    if item.user_id == uow.actor.id:
        raise Forbidden("Nobody decides over their own rights.", permission=str(Permission.USER_MANAGE))
    uow.actor.require_fresh_proof(uow.clock.now())
    review = uow.session.get_one(AccessReview, item.review_id)
    if item.decision is not None or review.closed_at is not None:
        raise Conflict("This was decided already, or the review is closed.")
    item.decided_at, item.decision = _now(uow), "keep" if keep else "remove"
    item.decided_by, item.note = uow.actor.id, note.strip()[:500] or None
    uow.session.flush()
    if not keep:
        take_role(uow, user_id=item.user_id, role=item.role, entity_id=item.entity_id)
    audit.record(
        uow,
        action="identity.review.decided",
        subject_type="user",
        subject_id=item.user_id,
        entity_id=item.entity_id,
        after={"role": item.role, "decision": item.decision, "review": str(review.id)},
        reason=item.note,
    )


def close_review(uow: UnitOfWork, *, review_id: uuid.UUID) -> int:
    """Ends a review and returns how many rights nobody decided over; they stay, and the report names them."""
    uow.actor.require(Permission.USER_MANAGE)
    review = uow.session.get(AccessReview, review_id, with_for_update=True)
    if review is None or review.closed_at is not None:
        raise NotFound("There is no such open review.")
    review.closed_at = _now(uow)
    uow.session.flush()
    left = uow.session.scalar(
        select(func.count()).where(AccessReviewItem.review_id == review_id, AccessReviewItem.decision.is_(None))
    )
    audit.record(
        uow,
        action="identity.review.closed",
        subject_type="access_review",
        subject_id=review_id,
        after={"undecided": left or 0},
    )
    return left or 0


def remind_reviewers(uow: UnitOfWork) -> int:
    """Tells whoever still has to decide: once three days before the day, and once after it. Returns of how many reviews
    it told.
    """
    uow.actor.require(Permission.RUN_EXECUTE)
    today, told = _today(uow), 0
    open_ones = select(AccessReview).where(AccessReview.closed_at.is_(None)).with_for_update(skip_locked=True)
    for review in uow.session.scalars(open_ones.execution_options(populate_existing=True)):
        last = review.reminded_on or dt.date.min
        late = today > review.due_on >= last
        if late or last < review.due_on - _REMIND_BEFORE <= today <= review.due_on:
            _tell(uow, review, "review_late" if late else "review_due")
            told += 1
    return told


def _tell(uow: UnitOfWork, review: AccessReview, what: str) -> None:
    """Writes to everybody with something undecided; administrators decide over what nobody else does."""
    undecided = AccessReviewItem.review_id == review.id, AccessReviewItem.decision.is_(None)
    waiting: dict[uuid.UUID, int] = {}
    for item in uow.session.scalars(select(AccessReviewItem).where(*undecided)):
        for person in {item.reviewer_id} if item.reviewer_id else _administrators(uow) - {item.user_id}:
            waiting[person] = waiting.get(person, 0) + 1
    people = select(User).where(User.id.in_(waiting), User.deactivated_at.is_(None)).order_by(User.email)
    for user in uow.session.scalars(people):
        send_review(uow, user, what, review, waiting[user.id])
    review.reminded_on = _today(uow)
    uow.session.flush()


def _administrators(uow: UnitOfWork) -> set[uuid.UUID]:
    held = select(RoleGrant.user_id).where(RoleGrant.role.in_(holders_of(uow, Permission.USER_MANAGE)))
    return set(uow.session.scalars(held))


def reviews(uow: UnitOfWork) -> list[ReviewView]:
    """Every review with its counts, the newest first; for others than administrators and auditors, their share."""
    uow.actor.require(Permission.REVIEW_READ)
    mine = _mine(uow)
    rows = uow.session.execute(
        select(
            AccessReview,
            func.count(AccessReviewItem.id),
            func.count(AccessReviewItem.id).filter(AccessReviewItem.decision == "keep"),
            func.count(AccessReviewItem.id).filter(AccessReviewItem.decision == "remove"),
            func.count(AccessReviewItem.id).filter(_is_late(uow)),
        )
        .join(AccessReviewItem, AccessReviewItem.review_id == AccessReview.id)
        .where(*mine)
        .group_by(AccessReview.id)
        .order_by(AccessReview.started_at.desc())
        .limit(50)
    )
    today = _today(uow)
    return [
        ReviewView(
            row.id,
            row.title,
            row.due_on,
            row.started_at,
            row.closed_at,
            total,
            kept,
            removed,
            row.closed_at is None and row.due_on < today,
            late,
        )
        for row, total, kept, removed, late in rows
    ]


def review_items(uow: UnitOfWork, *, review_id: uuid.UUID) -> list[ReviewItemView]:
    """The rights of a review, what is undecided first: the report, and the list to work through."""
    uow.actor.require(Permission.REVIEW_READ)
    reviewer, decider = aliased(User), aliased(User)
    rows = uow.session.execute(
        select(AccessReviewItem, User, _is_late(uow), LegalEntity.name, reviewer.display_name, decider.display_name)
        .join(AccessReview, AccessReview.id == AccessReviewItem.review_id)
        .join(User, User.id == AccessReviewItem.user_id)
        .outerjoin(LegalEntity, LegalEntity.id == AccessReviewItem.entity_id)
        .outerjoin(reviewer, reviewer.id == AccessReviewItem.reviewer_id)
        .outerjoin(decider, decider.id == AccessReviewItem.decided_by)
        .where(AccessReviewItem.review_id == review_id, *_mine(uow))
        .order_by(AccessReviewItem.decision.is_not(None), User.display_name, AccessReviewItem.role)
        .limit(2000)
    )
    return [_item_view(uow, *row[:2], late=row[2], names=row[3:]) for row in rows]


def review_shares(items: Iterable[ReviewItemView]) -> list[ReviewShareView]:
    """The items of a review by who had to decide, by name; what any administrator may decide comes last."""
    by: dict[str | None, list[ReviewItemView]] = {}
    for item in items:
        by.setdefault(item.reviewer, []).append(item)
    return [
        ReviewShareView(
            reviewer,
            len(by[reviewer]),
            sum(item.decision == "keep" for item in by[reviewer]),
            sum(item.decision == "remove" for item in by[reviewer]),
            sum(item.late for item in by[reviewer]),
        )
        for reviewer in sorted(by, key=lambda name: (name is None, name or ""))
    ]


def _is_late(uow: UnitOfWork) -> ColumnElement[bool]:
    """Decided after the day, in the merchant's zone, or not decided although the day (or the review) is over."""
    decided_on = cast(func.timezone(home_zone(uow), AccessReviewItem.decided_at), Date)
    missed = and_(AccessReviewItem.decision.is_(None), AccessReview.due_on < _today(uow))
    return or_(missed, func.coalesce(decided_on > AccessReview.due_on, False))


def _today(uow: UnitOfWork) -> dt.date:
    return uow.clock.today(home_zone(uow))


def _item_view(
    uow: UnitOfWork, item: AccessReviewItem, user: User, *, late: bool, names: tuple[Any, ...]
) -> ReviewItemView:
    entity, reviewer, decider = names
    may = item.user_id != uow.actor.id and (item.reviewer_id == uow.actor.id or uow.actor.may(Permission.USER_MANAGE))
    return ReviewItemView(
        item.id,
        user.display_name,
        user.email,
        user.last_sign_in_at,
        item.role,
        entity,
        reviewer,
        item.decision,
        decider,
        item.decided_at,
        item.note or "",
        may and item.decision is None,
        late,
    )


def _mine(uow: UnitOfWork) -> list[ColumnElement[bool]]:
    """Administrators and auditors see all, a reviewer what they decide over."""
    return [] if uow.actor.may(Permission.USER_READ) else [AccessReviewItem.reviewer_id == uow.actor.id]


def _now(uow: UnitOfWork) -> dt.datetime:
    return uow.session.execute(select(func.clock_timestamp())).scalar_one()
