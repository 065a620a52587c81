import pytest
from sqlalchemy import text

from services import identity
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid, NotFound
from services.core.permissions import Permission
from services.core.scope import EntityScope
from services.identity import EmailTaken, Grant, LastAdmin, Locale, Role, Theme, WeakPassword
from tests.factories.identity import PASSWORD, a_user, acting_as, an_entity, signed_in


@pytest.mark.parametrize(
    ("permission", "roles"),
    [
        (Permission.SELF, set(Role)),
        (Permission.OVERVIEW_READ, set(Role)),
        (Permission.RECONCILIATION_SIGN, {Role.FINANCE}),
        (Permission.BREAK_WORK, {Role.FINANCE}),
        (Permission.RECONCILIATION_RUN, {Role.FINANCE, Role.ADMIN}),
        (Permission.RECONCILIATION_READ, set(Role)),
        (Permission.RUN_CONTROL, {Role.OPS, Role.DEV, Role.ADMIN}),
        (Permission.USER_MANAGE, {Role.ADMIN}),
        (Permission.SETUP_MANAGE, {Role.ADMIN}),
        (Permission.AUDIT_READ, {Role.FINANCE, Role.AUDITOR, Role.ADMIN}),
    ],
)
def test_who_may_do_what(permission: Permission, roles: set[Role]):
    assert {role for role in Role if permission in identity.PERMISSIONS[role]} == roles


def test_the_auditor_changes_nothing_and_every_right_is_somebodys():
    beyond_reading = {p for p in identity.PERMISSIONS[Role.AUDITOR] if not p.value.endswith(".read")}
    assert beyond_reading == {Permission.SELF, Permission.AUDIT_VERIFY}
    workers_alone = {Permission.RUN_EXECUTE, Permission.AUDIT_SEAL}
    assert set(Permission) - set().union(*identity.PERMISSIONS.values()) == workers_alone


def test_a_role_reaches_only_the_entities_it_was_granted_for(uow: UnitOfWork):
    german, swiss = an_entity(uow), an_entity(uow, "mh-ch", currency="CHF")
    a_user(uow, Role.FINANCE, entities=[german])
    identity.grant_role(uow, user_id=_only_user(uow), role=Role.AUDITOR, entity_id=swiss)
    actor = signed_in(uow).actor
    assert actor.scope(Permission.RECONCILIATION_SIGN) == EntityScope.of([german])
    assert actor.scope(Permission.PAYMENT_READ) == EntityScope.of([german, swiss])
    with pytest.raises(NotFound):
        actor.require(Permission.RECONCILIATION_SIGN, swiss)
    with pytest.raises(Forbidden):
        actor.require(Permission.USER_MANAGE)


def test_choosing_entities_narrows_and_lasts_to_the_next_session(uow: UnitOfWork):
    german, swiss = an_entity(uow), an_entity(uow, "mh-ch", currency="CHF")
    a_user(uow, Role.FINANCE, entities=[german])
    own = acting_as(uow)
    identity.choose_entities(own, entity_ids=[german])
    with pytest.raises(NotFound):
        identity.choose_entities(own, entity_ids=[swiss])
    assert signed_in(uow).actor.chosen == EntityScope.of([german])
    identity.choose_entities(acting_as(uow), entity_ids=[])
    assert signed_in(uow).actor.chosen == EntityScope.everything()


def test_preferences_are_kept(uow: UnitOfWork):
    a_user(uow, Role.DEV)
    identity.set_preferences(acting_as(uow), locale=Locale.GERMAN)
    identity.set_preferences(acting_as(uow), theme=Theme.DARK)
    person = signed_in(uow)
    assert (person.locale, person.theme) == (Locale.GERMAN, Theme.DARK)


def test_taking_a_role_back_holds_at_once(uow: UnitOfWork):
    user_id = a_user(uow, Role.OPS, Role.DEV)
    identity.revoke_role(uow, user_id=user_id, role=Role.OPS)
    assert not signed_in(uow).actor.may(Permission.SCHEDULE_EDIT)
    with pytest.raises(NotFound):
        identity.revoke_role(uow, user_id=user_id, role=Role.OPS)


@pytest.mark.parametrize("step", ["revoke", "deactivate"])
def test_the_last_administrator_stays(uow: UnitOfWork, step: str):
    user_id = a_user(uow, Role.ADMIN)
    steps = {
        "revoke": lambda: identity.revoke_role(uow, user_id=user_id, role=Role.ADMIN),
        "deactivate": lambda: identity.deactivate_user(uow, user_id=user_id),
    }
    with pytest.raises(LastAdmin):
        steps[step]()


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.ADMIN])
def test_only_an_administrator_manages_people_and_a_refusal_changes_nothing(uow: UnitOfWork, role: Role):
    user_id = a_user(uow, role)
    own = acting_as(uow)
    before = uow.session.execute(text("SELECT count(*) FROM audit_entry")).scalar_one()
    for refused in (
        lambda: identity.create_user(own, email="x@example.com", display_name="X", password=PASSWORD),
        lambda: identity.grant_role(own, user_id=user_id, role=Role.ADMIN),
        lambda: identity.revoke_role(own, user_id=user_id, role=role),
        lambda: identity.deactivate_user(own, user_id=user_id),
        lambda: identity.set_password(own, user_id=user_id, password=PASSWORD),
        lambda: identity.retract_password(own, user_id=user_id),
        lambda: identity.create_legal_entity(
            own, code="xx", name="X", country="DE", currency="EUR", time_zone="Europe/Berlin"
        ),
    ):
        with pytest.raises(Forbidden):
            refused()
    assert uow.session.execute(text("SELECT count(*) FROM audit_entry")).scalar_one() == before


def test_an_address_belongs_to_one_person_whatever_its_case(uow: UnitOfWork):
    a_user(uow)
    with pytest.raises(EmailTaken):
        a_user(uow, email="ADA@Example.com")
    for wrong in ("ada", "ada@", "a da@example.com"):
        with pytest.raises(Invalid):
            a_user(uow, email=wrong)


def test_passwords_are_long_and_not_the_address(uow: UnitOfWork):
    user_id = a_user(uow)
    for weak in ("short", "x" * 129, "ada-12345678"):
        with pytest.raises(WeakPassword):
            identity.set_password(uow, user_id=user_id, password=weak)
    identity.set_password(uow, user_id=user_id, password="another long one")
    assert (
        uow.session.execute(text("SELECT password_hash FROM user_account"))
        .scalar_one()
        .startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    )


def test_everything_about_people_is_in_the_log(uow: UnitOfWork):
    a_user(uow, Role.ADMIN, email="boss@example.com")
    user_id = identity.create_user(
        uow, email="x@example.com", display_name="X", password=PASSWORD, grants=[Grant(Role.OPS)]
    )
    identity.revoke_role(uow, user_id=user_id, role=Role.OPS)
    identity.deactivate_user(uow, user_id=user_id)
    rows = uow.session.execute(
        text("SELECT action FROM audit_entry WHERE subject_id = :id ORDER BY recorded_at"), {"id": str(user_id)}
    )
    assert [row.action for row in rows] == [
        "identity.user.created",
        "identity.role.granted",
        "identity.role.revoked",
        "identity.user.deactivated",
    ]
    shown = {user.email: user for user in identity.users(uow)}
    assert not shown["x@example.com"].active
    assert shown["boss@example.com"].grants == (Grant(Role.ADMIN),)


def _only_user(uow: UnitOfWork):
    return identity.users(uow)[0].id


def test_whoever_holds_no_role_learns_of_no_legal_entity(uow: UnitOfWork):
    entity, nobody = an_entity(uow), a_user(uow)
    assert identity.legal_entities(acting_as(uow)) == []
    identity.grant_role(uow, user_id=nobody, role=Role.AUDITOR, entity_id=entity)
    assert [one.id for one in identity.legal_entities(acting_as(uow))] == [entity]
