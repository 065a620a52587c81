"""Custom roles, narrowed rights, keys, impersonation, reviews: who gives what to whom, and what it is worth."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from sqlalchemy import text

from services import audit, identity
from services.core.actor import Actor, ActorKind, Condition, Subject
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Forbidden, Invalid, NotFound, StepUpRequired
from services.core.money import Money
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity import Role, RoleTaken
from tests.factories.identity import a_user, acting_as, an_entity, signed_in

_CLERK = [Permission.PAYMENT_READ, Permission.BREAK_WORK]


def _clerk(uow: UnitOfWork, conditions: dict[str, object] | None = None) -> uuid.UUID:
    identity.create_role(uow, code="clerk", name="Clerk", permissions=_CLERK, conditions=conditions)
    user_id = a_user(uow)
    identity.grant_role(uow, user_id=user_id, role="clerk")
    return user_id


def test_a_custom_role_carries_what_was_chosen_and_changes_at_once(uow: UnitOfWork):
    _clerk(uow)
    person = signed_in(uow)
    assert person.actor.may(Permission.BREAK_WORK)
    assert not person.actor.may(Permission.RECONCILIATION_SIGN)
    identity.change_role(uow, code="clerk", version=1, name="Clerk", permissions=[Permission.PAYMENT_READ])
    assert not signed_in(uow).actor.may(Permission.BREAK_WORK)
    with pytest.raises(Conflict):
        identity.change_role(uow, code="clerk", version=1, name="Late", permissions=_CLERK)
    with pytest.raises(Conflict):
        identity.retire_role(uow, code="clerk")
    shown = {role.code: role for role in identity.roles(uow)}
    assert shown["clerk"].holders == 1
    assert [role.code for role in identity.roles(uow)][:5] == ["finance", "ops", "dev", "auditor", "admin"]


@pytest.mark.parametrize("barred", [Permission.USER_MANAGE, Permission.IMPERSONATE, Permission.RUN_EXECUTE])
def test_what_no_custom_role_may_hold(uow: UnitOfWork, barred: Permission):
    with pytest.raises(Invalid):
        identity.create_role(uow, code="boss", name="Boss", permissions=[barred])


def test_roles_of_the_code_stay_and_names_are_taken_once(uow: UnitOfWork):
    with pytest.raises(Conflict):
        identity.change_role(uow, code="finance", version=1, name="F", permissions=[])
    with pytest.raises(RoleTaken):
        identity.create_role(uow, code="finance", name="F", permissions=[])
    for wrong in ("A", "Ü-role", "-x", "a b"):
        with pytest.raises(Invalid):
            identity.create_role(uow, code=wrong, name="X", permissions=[])
    with pytest.raises(NotFound):
        identity.grant_role(uow, user_id=a_user(uow), role="nothing")


@pytest.mark.parametrize(
    ("condition", "inside", "outside"),
    [
        ({"only": "own"}, Subject(owner_id=uuid.UUID(int=1)), Subject(owner_id=uuid.UUID(int=2))),
        ({"only": "own_team"}, Subject(teams=frozenset({"clerk", "dev"})), Subject(teams=frozenset({"ops"}))),
        ({"up_to": 5000, "currency": "EUR"}, Subject(amount=Money(-5000, "EUR")), Subject(amount=Money(5001, "EUR"))),
        ({"up_to": 5000, "currency": "EUR"}, Subject(amount=Money(1, "EUR")), Subject(amount=Money(1, "CHF"))),
        ({"only": "own"}, Subject(owner_id=uuid.UUID(int=1)), None),
    ],
)
def test_a_narrowed_right_holds_inside_and_not_outside(condition, inside, outside):
    actor = Actor(
        kind=ActorKind.USER,
        id=uuid.UUID(int=1),
        name="Ada",
        grants={Permission.BREAK_WORK: EntityScope.everything()},
        teams=frozenset({"clerk"}),
        conditions={Permission.BREAK_WORK: (Condition.read(condition),)},
    )
    actor.require(Permission.BREAK_WORK, subject=inside)
    with pytest.raises(Forbidden):
        actor.require(Permission.BREAK_WORK, subject=outside)


@pytest.mark.parametrize("nothing", [{}, {"only": "mine"}, {"up_to": 5}, {"up_to": -1, "currency": "EUR"}, {"onyl": 1}])
def test_a_condition_that_means_nothing_is_refused(nothing):
    with pytest.raises(Invalid):
        Condition.read(nothing)


def test_a_full_grant_beside_a_narrowed_one_is_full(uow: UnitOfWork):
    user_id = _clerk(uow, {Permission.BREAK_WORK.value: {"only": "own"}})
    assert signed_in(uow).actor.conditions
    identity.grant_role(uow, user_id=user_id, role=Role.FINANCE)
    assert not signed_in(uow).actor.conditions
    with pytest.raises(Invalid):
        identity.create_role(
            uow, code="x2", name="X", permissions=_CLERK, conditions={Permission.PAYMENT_READ.value: {"only": "own"}}
        )


def test_a_change_of_rights_asks_for_a_new_session_id(uow: UnitOfWork):
    user_id = a_user(uow, Role.DEV)
    secret = identity.authenticate(
        uow, email="ada@example.com", password="correct horse battery", address=None, user_agent=None
    )
    assert isinstance(secret, identity.SessionSecret)
    assert identity.renew_session(uow, secret=secret.value) is None
    identity.grant_role(uow, user_id=user_id, role=Role.OPS)
    assert identity.actor_for_session(uow, secret=secret.value) is None
    fresh = identity.renew_session(uow, secret=secret.value)
    assert fresh
    person = identity.actor_for_session(uow, secret=fresh.value)
    assert person
    assert person.actor.may(Permission.SCHEDULE_EDIT)
    assert identity.renew_session(uow, secret=secret.value) is None, "the old one is gone"


def test_a_key_does_what_its_scopes_name_of_what_its_owner_may(uow: UnitOfWork):
    german = an_entity(uow)
    user_id = a_user(uow, Role.ADMIN, Role.OPS)
    made = identity.create_api_key(
        acting_as(uow), name="ERP", scopes=[Permission.BOOKS_IMPORT, Permission.SCHEDULE_EDIT], entity_ids=[german]
    )
    assert made.secret not in repr(made)
    actor = identity.actor_for_api_key(uow, secret=made.secret, address="203.0.113.4")
    assert actor
    assert set(actor.grants) == {Permission.BOOKS_IMPORT, Permission.SCHEDULE_EDIT}
    assert actor.scope(Permission.BOOKS_IMPORT) == EntityScope.of([german])
    with pytest.raises(Forbidden):
        actor.require_fresh_proof(uow.clock.now())
    stored = uow.session.execute(text("SELECT secret_hash, prefix, last_address FROM api_key")).one()
    assert made.secret.encode() not in stored.secret_hash
    assert (made.secret[:12], stored.last_address) == (stored.prefix, "203.0.113.4")
    a_user(uow, Role.ADMIN, email="boss@example.com")
    identity.revoke_role(uow, user_id=user_id, role=Role.OPS)
    identity.revoke_role(uow, user_id=user_id, role=Role.ADMIN)
    left = identity.actor_for_api_key(uow, secret=made.secret, address=None)
    assert left is not None
    assert left.grants == {}


def test_a_key_is_rotated_with_overlap_revoked_and_runs_out(uow: UnitOfWork):
    a_user(uow, Role.ADMIN)
    own = acting_as(uow)
    made = identity.create_api_key(own, name="ERP", scopes=[Permission.BOOKS_IMPORT], days=90)
    successor = identity.rotate_api_key(own, key_id=made.id)
    for secret in (made.secret, successor.secret):
        assert identity.actor_for_api_key(uow, secret=secret, address=None)
    views = {view.id: view for view in identity.api_keys(own)}
    assert views[made.id].expires_at < dt.datetime.now(dt.UTC) + dt.timedelta(days=7, minutes=1)
    assert views[successor.id].is_successor
    identity.revoke_api_key(own, key_id=made.id)
    assert identity.actor_for_api_key(uow, secret=made.secret, address=None) is None
    uow.session.execute(text("UPDATE api_key SET expires_at = now() - interval '1 second'"))
    assert identity.actor_for_api_key(uow, secret=successor.secret, address=None) is None
    assert identity.actor_for_api_key(uow, secret="kontor_guess", address=None) is None


@pytest.mark.parametrize(("overlap", "goes_on"), [(0, False), (1, True), (30, True)])
def test_the_overlap_is_chosen_and_bounded(uow: UnitOfWork, overlap: int, goes_on: bool):
    a_user(uow, Role.ADMIN)
    own = acting_as(uow)
    made = identity.create_api_key(own, name="ERP", scopes=[Permission.BOOKS_IMPORT], days=20)
    for refused in (-1, 31):
        with pytest.raises(Invalid):
            identity.rotate_api_key(own, key_id=made.id, overlap_days=refused)
    successor = identity.rotate_api_key(own, key_id=made.id, overlap_days=overlap)
    assert (identity.actor_for_api_key(uow, secret=made.secret, address=None) is not None) is goes_on
    assert identity.actor_for_api_key(uow, secret=successor.secret, address=None)
    (old,) = [view for view in identity.api_keys(own) if view.id == made.id]
    assert old.expires_at <= made.expires_at


def test_the_command_line_rotates_anybodys_key_for_its_owner(uow: UnitOfWork):
    ada = a_user(uow, Role.ADMIN)
    made = identity.create_api_key(acting_as(uow), name="ERP", scopes=[Permission.BOOKS_IMPORT])
    successor = identity.rotate_api_key(uow, key_id=made.id, overlap_days=0)
    acting = identity.actor_for_api_key(uow, secret=successor.secret, address=None)
    assert acting is not None
    assert acting.id == ada
    a_user(uow, Role.ADMIN, email="boss@example.com")
    with pytest.raises(NotFound):
        identity.rotate_api_key(acting_as(uow, "boss@example.com"), key_id=successor.id)


@pytest.mark.parametrize("scope", [Permission.RECONCILIATION_SIGN, Permission.USER_MANAGE, Permission.KEY_MANAGE])
def test_no_key_signs_or_gives_rights(uow: UnitOfWork, scope: Permission):
    a_user(uow, Role.ADMIN, Role.FINANCE)
    with pytest.raises(Invalid):
        identity.create_api_key(acting_as(uow), name="x", scopes=[scope])


def test_impersonating_is_the_intersection_names_both_and_signs_nothing(uow: UnitOfWork):
    ada = a_user(uow, Role.FINANCE)
    boss_id = a_user(uow, Role.ADMIN, Role.FINANCE, email="boss@example.com")
    boss = acting_as(uow, "boss@example.com")
    with pytest.raises(Invalid):
        identity.impersonate(boss, user_id=ada, reason="look")
    secret = identity.impersonate(boss, user_id=ada, reason="She sees no breaks since Monday")
    assert secret.expires_at <= dt.datetime.now(dt.UTC) + dt.timedelta(minutes=30, seconds=5)
    person = identity.actor_for_session(uow, secret=secret.value)
    assert person
    actor = person.actor
    assert (actor.id, actor.on_behalf_of, actor.impersonating) == (boss_id, "Ada Kontor", ada)
    assert actor.may(Permission.BREAK_WORK)
    for barred in (Permission.RECONCILIATION_SIGN, Permission.USER_MANAGE, Permission.KEY_MANAGE):
        assert not actor.may(barred)
    here = UnitOfWork(uow.session, actor, uow.clock, uow.request_id)
    with pytest.raises(Forbidden) as refused:
        actor.require_fresh_proof(uow.clock.now())
    assert not isinstance(refused.value, StepUpRequired)
    with pytest.raises(Forbidden):
        identity.begin_totp(here)
    back = identity.end_impersonation(here)
    mine = identity.actor_for_session(uow, secret=back.value)
    assert mine
    assert (mine.actor.id, mine.actor.on_behalf_of) == (boss_id, None)
    assert identity.actor_for_session(uow, secret=secret.value) is None
    trail = {entry.action: entry for entry in audit.search(uow).entries}
    assert trail["identity.impersonation.begun"].reason == "She sees no breaks since Monday"
    assert trail["identity.impersonation.ended"].on_behalf_of == "Ada Kontor"


def _impersonating(uow: UnitOfWork) -> tuple[uuid.UUID, UnitOfWork, identity.SessionSecret]:
    """An administrator, and their session in Ada's place."""
    ada = a_user(uow, Role.FINANCE)
    boss_id = a_user(uow, Role.ADMIN, email="boss@example.com")
    a_user(uow, Role.ADMIN, email="other@example.com")
    boss = acting_as(uow, "boss@example.com")
    uow.session.execute(
        text("UPDATE user_session SET expires_at = now() + interval '1 hour' WHERE id = :id"),
        {"id": boss.actor.session_id},
    )
    secret = identity.impersonate(boss, user_id=ada, reason="She sees no breaks since Monday")
    person = identity.actor_for_session(uow, secret=secret.value)
    assert person
    return boss_id, UnitOfWork(uow.session, person.actor, uow.clock, uow.request_id), secret


def test_impersonating_does_not_put_off_the_absolute_end(uow: UnitOfWork):
    _, there, _ = _impersonating(uow)
    back = identity.end_impersonation(there)
    assert back.expires_at <= dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)


@pytest.mark.parametrize(
    "ending",
    [
        lambda uow, boss: identity.deactivate_user(uow, user_id=boss),
        lambda uow, boss: identity.end_sessions(uow, user_id=boss),
        lambda uow, boss: identity.set_password(uow, user_id=boss, password="violet kettle under seven bridges"),
        lambda uow, boss: identity.retract_password(uow, user_id=boss),
    ],
    ids=["deactivated", "sessions ended", "new password", "password retracted"],
)
def test_what_ends_an_administrators_sessions_ends_those_in_anothers_place(uow: UnitOfWork, ending):
    boss_id, _, secret = _impersonating(uow)
    ending(uow, boss_id)
    assert identity.actor_for_session(uow, secret=secret.value) is None
    assert uow.session.execute(
        text("SELECT bool_and(revoked_at IS NOT NULL) FROM user_session WHERE impersonator_id = :id"), {"id": boss_id}
    ).scalar_one()


def test_who_cannot_be_impersonated(uow: UnitOfWork):
    own = a_user(uow, Role.ADMIN)
    other = a_user(uow, Role.ADMIN, email="boss@example.com")
    for target in (own, other):
        with pytest.raises(Conflict):
            identity.impersonate(acting_as(uow), user_id=target, reason="just to look around")
    a_user(uow, Role.DEV, email="dev@example.com")
    dev = acting_as(uow, "dev@example.com")
    with pytest.raises(Forbidden):
        identity.impersonate(dev, user_id=own, reason="just to look around")


def _told(uow: UnitOfWork) -> list[tuple[str, str, str]]:
    rows = uow.session.execute(
        text("SELECT purpose, recipient, subject FROM notification WHERE purpose LIKE 'identity.review%' ORDER BY 1, 2")
    ).all()
    uow.session.execute(text("DELETE FROM notification"))
    return [(row.purpose.removeprefix("identity.review_"), row.recipient, row.subject) for row in rows]


def test_owners_are_told_and_reminded_of_what_they_have_not_decided(uow: UnitOfWork):
    a_user(uow, Role.ADMIN)
    lead_id = a_user(uow, Role.DEV, email="lead@example.com")
    a_user(uow, Role.FINANCE, email="clerk@example.com")
    today = uow.clock.today("UTC")
    due = today + dt.timedelta(days=14)
    identity.start_review(acting_as(uow), title="Spring", due_on=due, owners={"finance": lead_id})
    assert [(what, who) for what, who, _ in _told(uow)] == [
        ("started", "ada@example.com"),
        ("started", "lead@example.com"),
    ]
    assert identity.remind_reviewers(uow) == 0
    boss = acting_as(uow)
    for item in identity.review_items(boss, review_id=identity.reviews(boss)[0].id):
        if item.may_decide and item.role != "finance":
            identity.decide(boss, item_id=item.id, keep=True)

    def on(day: dt.date) -> list[tuple[str, str, str]]:
        """What goes out when the review is due on `day` and nothing was said since it began."""
        uow.session.execute(text("UPDATE access_review SET due_on = :day"), {"day": day})
        identity.remind_reviewers(uow)
        assert identity.remind_reviewers(uow) == 0, "once"
        return _told(uow)

    assert on(today + dt.timedelta(days=4)) == []
    uow.session.execute(text("UPDATE access_review SET reminded_on = reminded_on - 20"))
    due = today + dt.timedelta(days=3)
    assert [(what, who) for what, who, _ in on(due)] == [("due", "lead@example.com")]
    uow.session.execute(text("UPDATE access_review SET reminded_on = reminded_on - 4"))
    ((what, who, subject),) = on(today - dt.timedelta(days=1))
    assert (what, who) == ("late", "lead@example.com")
    assert subject.startswith("Overdue since ")
    assert subject.endswith(": Spring")
    identity.close_review(acting_as(uow), review_id=identity.reviews(acting_as(uow))[0].id)
    uow.session.execute(text("UPDATE access_review SET reminded_on = NULL"))
    assert identity.remind_reviewers(uow) == 0, "a closed review reminds nobody"


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_review_is_due_within_a_year(uow: UnitOfWork, days: int):
    a_user(uow, Role.ADMIN)
    with pytest.raises(Invalid):
        identity.start_review(acting_as(uow), title="Spring", due_on=uow.clock.today("UTC") + dt.timedelta(days=days))


def test_a_review_walks_through_every_right(uow: UnitOfWork):
    boss_id = a_user(uow, Role.ADMIN)
    lead_id = a_user(uow, Role.FINANCE, email="lead@example.com")
    clerk_id = a_user(uow, Role.FINANCE, Role.OPS, email="clerk@example.com")
    boss, lead = acting_as(uow), acting_as(uow, "lead@example.com")
    soon = uow.clock.now().date() + dt.timedelta(days=14)
    review = identity.start_review(boss, title="Spring", due_on=soon, owners={"finance": lead_id})
    with pytest.raises(Conflict):
        identity.start_review(boss, title="Twice", due_on=soon)
    assert {item.person for item in identity.review_items(lead, review_id=review)} == {"Ada Kontor"}
    mine = identity.review_items(lead, review_id=review)
    assert [(item.email, item.role) for item in mine] == [("clerk@example.com", "finance")]
    identity.decide(lead, item_id=mine[0].id, keep=False, note="moved to Ops")
    assert not signed_in(uow, "clerk@example.com").actor.may(Permission.RECONCILIATION_SIGN)
    everything = identity.review_items(boss, review_id=review)
    own = next(item for item in everything if item.email == "ada@example.com")
    with pytest.raises(Forbidden):
        identity.decide(boss, item_id=own.id, keep=True)
    with pytest.raises(Forbidden):
        identity.decide(lead, item_id=own.id, keep=True)
    left = next(item for item in everything if item.email == "lead@example.com")
    assert left.reviewer is None
    identity.decide(boss, item_id=left.id, keep=True)
    assert identity.close_review(boss, review_id=review) == 2
    (view,) = identity.reviews(boss)
    assert (view.total, view.kept, view.removed) == (4, 1, 1)
    assert boss_id
    assert clerk_id
