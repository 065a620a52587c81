import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from services import identity
from services.core.actor import Actor, ActorKind
from services.core.db import Database, UnitOfWork
from services.core.errors import StepUpRequired
from services.identity import Role, SessionSecret, SignInRefused
from tests.factories.identity import PASSWORD, a_user, acting_as, signed_in

ANONYMOUS = Actor(ActorKind.ANONYMOUS, None, "somebody")


def _try(uow: UnitOfWork, password: str = PASSWORD, email: str = "ada@example.com", address: str | None = None):
    return identity.authenticate(uow, email=email, password=password, address=address, user_agent="test")


def _audited(uow: UnitOfWork) -> list[tuple[str, str]]:
    rows = uow.session.execute(text("SELECT action, actor_name FROM audit_reading ORDER BY recorded_at"))
    return [(row.action, row.actor_name) for row in rows if row.action.startswith("identity.session")]


def test_a_right_password_opens_a_session_and_the_database_keeps_no_secret(uow: UnitOfWork):
    user_id = a_user(uow, Role.FINANCE)
    secret = _try(uow, email="  ADA@example.com ", address="203.0.113.9")
    assert isinstance(secret, SessionSecret)
    person = identity.actor_for_session(uow, secret=secret.value)
    assert person is not None
    assert (person.actor.id, person.actor.address, person.display_name) == (user_id, "203.0.113.9", "Ada Kontor")
    stored = uow.session.execute(text("SELECT secret_hash FROM user_session")).scalar_one()
    assert secret.value.encode() not in stored
    assert secret.value not in repr(secret)
    assert _audited(uow) == [("identity.session.opened", "Ada Kontor")]


@pytest.mark.parametrize("email", ["ada@example.com", "nobody@example.com"])
def test_a_refusal_says_nothing_about_who_exists(uow: UnitOfWork, email: str):
    a_user(uow, Role.FINANCE)
    answers = [_try(uow, "wrong", email) for _ in range(6)]
    assert answers[:5] == [SignInRefused()] * 5
    assert isinstance(answers[5], SignInRefused)
    assert 25 <= answers[5].retry_after <= 30
    assert _audited(uow) == [("identity.session.refused", email)] * 5


def test_what_is_no_address_is_not_written_into_the_log(uow: UnitOfWork):
    _try(uow, "wrong", "my secret passphrase")
    assert _audited(uow) == [("identity.session.refused", "not an e-mail address")]


def test_the_wait_doubles_and_a_right_password_clears_it(uow: UnitOfWork):
    a_user(uow)
    for _ in range(5):
        _try(uow, "wrong")
    assert isinstance(_try(uow), SignInRefused), "the right password must wait too"
    for expected in (60, 120):
        uow.session.execute(text("UPDATE sign_in_throttle SET locked_until = clock_timestamp()"))
        _try(uow, "wrong")
        refused = _try(uow)
        assert isinstance(refused, SignInRefused)
        assert expected - 5 <= refused.retry_after <= expected
    uow.session.execute(text("UPDATE sign_in_throttle SET locked_until = clock_timestamp()"))
    assert isinstance(_try(uow), SessionSecret)
    assert [_try(uow, "wrong") for _ in range(5)] == [SignInRefused()] * 5


def test_fifty_parallel_wrong_passwords_are_not_more_than_five_guesses(database: Database):
    with database.unit_of_work(Actor.system("test")) as uow:
        a_user(uow)

    def guess(_: int) -> object:
        with database.unit_of_work(ANONYMOUS) as uow:
            return _try(uow, "wrong", address="203.0.113.9")

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(guess, range(50)))
    assert answers.count(SignInRefused()) == 5
    with database.unit_of_work(ANONYMOUS) as uow:
        assert len(_audited(uow)) == 5
        assert isinstance(_try(uow), SignInRefused)


def test_one_network_address_cannot_try_one_password_on_many_people(uow: UnitOfWork):
    for number in range(50):
        assert _try(uow, "wrong", f"person{number}@example.com", "203.0.113.9") == SignInRefused()
    refused = _try(uow, "wrong", "another@example.com", "203.0.113.9")
    assert isinstance(refused, SignInRefused)
    assert refused.retry_after
    assert _try(uow, "wrong", "another@example.com", "203.0.113.10") == SignInRefused()


@pytest.mark.parametrize(
    "ending",
    [
        "UPDATE user_session SET last_seen_at = now() - interval '61 minutes'",
        "UPDATE user_session SET expires_at = now() - interval '1 second'",
        "UPDATE user_session SET revoked_at = now()",
        "UPDATE user_account SET deactivated_at = now()",
    ],
    ids=["idle", "absolute", "revoked", "deactivated"],
)
def test_a_session_ends(uow: UnitOfWork, ending: str):
    a_user(uow)
    secret = _try(uow)
    assert isinstance(secret, SessionSecret)
    assert secret.expires_at - dt.datetime.now(dt.UTC) < dt.timedelta(hours=12, minutes=1)
    assert identity.actor_for_session(uow, secret=secret.value)
    uow.session.execute(text(ending))
    assert identity.actor_for_session(uow, secret=secret.value) is None


def test_use_keeps_a_session_alive(uow: UnitOfWork):
    a_user(uow)
    secret = _try(uow)
    assert isinstance(secret, SessionSecret)
    uow.session.execute(text("UPDATE user_session SET last_seen_at = now() - interval '59 minutes'"))
    assert identity.actor_for_session(uow, secret=secret.value)
    age = text("SELECT clock_timestamp() - last_seen_at FROM user_session")
    assert uow.session.execute(age).scalar_one() < dt.timedelta(minutes=1)


def test_signing_out_ends_one_session_and_ending_all_ends_the_rest(uow: UnitOfWork):
    user_id = a_user(uow)
    secrets = [s.value for s in (_try(uow) for _ in range(3)) if isinstance(s, SessionSecret)]
    identity.sign_out(uow, secret=secrets[0])
    identity.sign_out(uow, secret="never issued")
    alive = [identity.actor_for_session(uow, secret=s) is not None for s in secrets]
    assert alive == [False, True, True]
    assert identity.end_sessions(uow, user_id=user_id) == 2
    assert identity.actor_for_session(uow, secret=secrets[2]) is None


def test_a_deactivated_person_cannot_sign_in(uow: UnitOfWork):
    a_user(uow, Role.ADMIN, email="boss@example.com")
    user_id = a_user(uow, Role.OPS)
    person = signed_in(uow)
    identity.deactivate_user(uow, user_id=user_id)
    assert _try(uow) == SignInRefused()
    assert uow.session.execute(
        text("SELECT revoked_at IS NOT NULL FROM user_session WHERE id = :id"), {"id": person.actor.session_id}
    ).scalar_one()
    identity.reactivate_user(uow, user_id=user_id)
    assert isinstance(_try(uow), SessionSecret)


def test_ending_ones_own_other_sessions_asks_for_a_fresh_proof(uow: UnitOfWork):
    user_id = a_user(uow, Role.DEV)
    other, own = acting_as(uow).actor, acting_as(uow)
    assert other.session_id
    assert own.actor.session_id
    stale = replace(own.actor, proved_at=uow.clock.now() - dt.timedelta(minutes=11))
    old = UnitOfWork(uow.session, stale, uow.clock, uow.request_id)
    with pytest.raises(StepUpRequired):
        identity.end_session(old, session_id=other.session_id)
    with pytest.raises(StepUpRequired):
        identity.end_sessions(old, user_id=user_id, but_mine=True)
    assert identity.ended_among(uow, session_ids=[other.session_id]) == set()
    identity.end_session(own, session_id=other.session_id)
    assert identity.ended_among(uow, session_ids=[other.session_id]) == {other.session_id}
    identity.end_session(old, session_id=own.actor.session_id)
    assert identity.ended_among(uow, session_ids=[own.actor.session_id]) == {own.actor.session_id}
