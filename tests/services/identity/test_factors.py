"""Second factors: codes that work once, codes for emergencies, who needs one, and how a sign-in is finished."""

from __future__ import annotations

import time
import uuid
from base64 import b32encode
from concurrent.futures import ThreadPoolExecutor

import pytest
from pyotp.totp import TOTP
from sqlalchemy import text

from services import identity
from services.core.actor import Actor
from services.core.db import Database, UnitOfWork
from services.core.errors import Conflict, Forbidden, Invalid, NotFound, StepUpRequired
from services.core.permissions import Permission
from services.identity import Role, SessionLifetime, SessionSecret, SessionStage, SignInRefused
from tests.factories.codes import code_before, shown_code
from tests.factories.identity import PASSWORD, a_user, acting_as

_LIFETIME = SessionLifetime()
_PARTY = identity.RelyingParty("localhost", "http://localhost")


def _sign_in(uow: UnitOfWork, *, require: bool = False) -> SessionSecret:
    secret = identity.authenticate(
        uow, email="ada@example.com", password=PASSWORD, address=None, user_agent=None, require_factors=require
    )
    assert isinstance(secret, SessionSecret)
    return secret


def _pending(uow: UnitOfWork, secret: SessionSecret) -> UnitOfWork:
    half = identity.pending_session(uow, secret=secret.value)
    assert half
    return UnitOfWork(uow.session, half.actor, uow.clock, uow.request_id)


def _enrolled(uow: UnitOfWork) -> tuple[TOTP, list[str]]:
    """Ada with an app; its next code was not used yet."""
    own = acting_as(uow)
    totp = TOTP(identity.begin_totp(own).seed)
    codes = identity.confirm_totp(own, code=code_before(totp))
    return totp, codes


# RFC 6238, Appendix B, SHA-1: the last six of its eight digits.
_RFC_SEED = b32encode(b"12345678901234567890").decode()
_RFC_CODES = {59: "287082", 1_111_111_109: "081804", 1_234_567_890: "005924", 20_000_000_000: "353130"}


def test_codes_are_those_of_the_rfc():
    assert {at: TOTP(_RFC_SEED).at(at) for at in _RFC_CODES} == _RFC_CODES


def test_a_code_finishes_the_sign_in_under_a_new_id_and_works_once(uow: UnitOfWork):
    a_user(uow, Role.FINANCE)
    totp, _ = _enrolled(uow)
    first = _sign_in(uow)
    assert first.stage is SessionStage.FACTOR
    assert identity.actor_for_session(uow, secret=first.value) is None, "half a sign-in opens nothing"
    half, code = _pending(uow, first), shown_code(totp)
    done = identity.finish_by_code(half, code=code, lifetime=_LIFETIME)
    assert isinstance(done, SessionSecret)
    assert done.value != first.value
    assert identity.actor_for_session(uow, secret=done.value)
    assert identity.pending_session(uow, secret=first.value) is None
    again = _pending(uow, _sign_in(uow))
    assert identity.finish_by_code(again, code=code, lifetime=_LIFETIME) == SignInRefused()


def test_of_two_who_send_one_code_one_comes_in(database: Database):
    with database.unit_of_work(Actor.system("test")) as uow:
        a_user(uow, Role.DEV)
        totp, _ = _enrolled(uow)
        halves = [_sign_in(uow) for _ in range(6)]
    code = shown_code(totp)

    def finish(half: SessionSecret) -> object:
        with database.unit_of_work(Actor.system("test")) as uow:
            return identity.finish_by_code(_pending(uow, half), code=code, lifetime=_LIFETIME)

    with ThreadPoolExecutor(6) as threads:
        answers = list(threads.map(finish, halves))
    assert sum(isinstance(answer, SessionSecret) for answer in answers) == 1


@pytest.mark.parametrize("steps", [-1, 1])
def test_a_code_of_another_half_minute_opens_nothing(uow: UnitOfWork, steps: int):
    a_user(uow, Role.DEV)
    totp, _ = _enrolled(uow)
    half = _pending(uow, _sign_in(uow))
    shown_code(totp)
    uow.session.execute(text("UPDATE totp_factor SET last_step = NULL"))
    other = totp.at(time.time() + steps * totp.interval)
    assert identity.finish_by_code(half, code=other, lifetime=_LIFETIME) == SignInRefused()
    assert isinstance(identity.finish_by_code(half, code=totp.now(), lifetime=_LIFETIME), SessionSecret)


def test_guessing_codes_ends_after_five(uow: UnitOfWork):
    a_user(uow, Role.DEV)
    totp, _ = _enrolled(uow)
    half = _pending(uow, _sign_in(uow))
    answers = [identity.finish_by_code(half, code="000000", lifetime=_LIFETIME) for _ in range(6)]
    assert answers[:5] == [SignInRefused()] * 5
    assert isinstance(answers[5], SignInRefused)
    assert answers[5].retry_after
    waiting = identity.finish_by_code(half, code=shown_code(totp), lifetime=_LIFETIME)
    assert isinstance(waiting, SignInRefused), "the right code must wait too"


def test_ten_recovery_codes_each_work_once_and_are_kept_as_hashes(uow: UnitOfWork):
    user_id = a_user(uow, Role.DEV)
    _, codes = _enrolled(uow)
    assert len(set(codes)) == 10
    stored = uow.session.execute(text("SELECT code_hash FROM recovery_code")).scalars().all()
    assert not any(code.replace("-", "").encode() in kept for code in codes for kept in stored)
    done = identity.finish_by_code(_pending(uow, _sign_in(uow)), code=codes[3].upper(), lifetime=_LIFETIME)
    assert isinstance(done, SessionSecret)
    refused = identity.finish_by_code(_pending(uow, _sign_in(uow)), code=codes[3], lifetime=_LIFETIME)
    assert refused == SignInRefused()
    person = identity.actor_for_session(uow, secret=done.value)
    assert person
    own = UnitOfWork(uow.session, person.actor, uow.clock, uow.request_id)
    assert identity.my_account(own).recovery_codes_left == 9
    assert len(identity.new_recovery_codes(own)) == 10
    told = uow.session.execute(text("SELECT purpose FROM notification WHERE recipient = 'ada@example.com'")).scalars()
    assert "identity.recovery_code_used" in list(told)
    assert user_id


def test_the_seed_is_sealed_and_in_no_log(uow: UnitOfWork):
    a_user(uow, Role.DEV)
    totp, _ = _enrolled(uow)
    assert totp.secret.encode() not in uow.session.execute(text("SELECT seed FROM totp_factor")).scalar_one()
    everything = uow.session.execute(text("SELECT string_agg(convert_from(canonical, 'UTF8'), '') FROM audit_entry"))
    assert totp.secret not in everything.scalar_one()


def test_a_wrong_first_code_enrols_nothing(uow: UnitOfWork):
    a_user(uow, Role.DEV)
    own = acting_as(uow)
    with pytest.raises(NotFound):
        identity.confirm_totp(own, code="000000")
    identity.begin_totp(own)
    with pytest.raises(Invalid):
        identity.confirm_totp(own, code="12345")
    assert _sign_in(uow).stage is SessionStage.OPEN


@pytest.mark.parametrize(
    ("role", "stage"),
    [
        (Role.ADMIN, SessionStage.ENROLMENT),
        (Role.FINANCE, SessionStage.ENROLMENT),
        (Role.AUDITOR, SessionStage.OPEN),
    ],
)
def test_admins_and_whoever_may_approve_enrol_at_sign_in(uow: UnitOfWork, role: Role, stage: SessionStage):
    a_user(uow, role)
    secret = _sign_in(uow, require=True)
    assert secret.stage is stage
    if stage is SessionStage.OPEN:
        return
    half = _pending(uow, secret)
    with pytest.raises(Forbidden):
        identity.finish_enrolment(half, lifetime=_LIFETIME)
    with pytest.raises(Forbidden):
        half.actor.require(Permission.OVERVIEW_READ)
    totp = TOTP(identity.begin_totp(half).seed)
    assert len(identity.confirm_totp(half, code=shown_code(totp))) == 10
    done = identity.finish_enrolment(half, lifetime=_LIFETIME)
    assert identity.actor_for_session(uow, secret=done.value)
    assert _sign_in(uow, require=True).stage is SessionStage.FACTOR


def test_an_administrator_decides_who_needs_one(uow: UnitOfWork):
    a_user(uow, Role.AUDITOR)
    identity.require_factor(uow, code="auditor", required=True)
    assert _sign_in(uow).stage is SessionStage.ENROLMENT
    identity.require_factor(uow, code="auditor", required=False)
    assert _sign_in(uow, require=True).stage is SessionStage.OPEN


def test_the_last_factor_stays_where_the_role_needs_it(uow: UnitOfWork):
    a_user(uow, Role.FINANCE)
    _enrolled(uow)
    own = acting_as_with_code(uow)
    factor = identity.my_account(own).factors[0]
    with pytest.raises(Conflict):
        identity.remove_factor(own, factor_id=factor.id, require_factors=True)
    identity.remove_factor(own, factor_id=factor.id)
    assert identity.my_account(own).factors == ()


def test_an_old_proof_changes_no_factor(uow: UnitOfWork):
    a_user(uow, Role.DEV)
    own = acting_as(uow)
    _enrolled(uow)
    stale = Actor(own.actor.kind, own.actor.id, "Ada", own.actor.grants, session_id=own.actor.session_id)
    old = UnitOfWork(uow.session, stale, uow.clock, uow.request_id)
    for refused in (
        lambda: identity.begin_totp(old),
        lambda: identity.begin_passkey(old, party=_PARTY),
        lambda: identity.new_recovery_codes(old),
        lambda: identity.remove_factor(old, factor_id=uuid.uuid4()),
    ):
        with pytest.raises(StepUpRequired):
            refused()


def test_an_administrator_resets_somebody_elses_factors(uow: UnitOfWork):
    user_id = a_user(uow, Role.DEV)
    boss_id = a_user(uow, Role.ADMIN, email="boss@example.com")
    _enrolled(uow)
    boss = acting_as(uow, "boss@example.com")
    identity.reset_factors(boss, user_id=user_id)
    assert _sign_in(uow).stage is SessionStage.OPEN
    with pytest.raises(Forbidden):
        identity.reset_factors(boss, user_id=boss_id)


def test_a_passkey_answer_that_nobody_asked_for_is_refused(uow: UnitOfWork):
    a_user(uow, Role.DEV)
    own = acting_as(uow)
    with pytest.raises(Invalid):
        identity.finish_passkey(own, party=_PARTY, answer="{}")
    identity.begin_passkey(own, party=_PARTY)
    with pytest.raises(Invalid):
        identity.finish_passkey(own, party=_PARTY, answer="[]")
    assert identity.prove_by_passkey(own, answer='{"id": "x"}', party=_PARTY) == SignInRefused()
    with pytest.raises(NotFound):
        identity.passkey_for_proof(own, party=_PARTY)


def acting_as_with_code(uow: UnitOfWork) -> UnitOfWork:
    """Ada signed in with a recovery code, as she has an app now."""
    half = _pending(uow, _sign_in(uow))
    uow.session.execute(text("UPDATE totp_factor SET last_step = NULL"))
    seed = uow.session.execute(text("SELECT id, seed FROM totp_factor")).one()
    totp = TOTP(uow.keyring.open(seed.seed, f"totp:{seed.id}").decode())
    done = identity.finish_by_code(half, code=shown_code(totp), lifetime=_LIFETIME)
    assert isinstance(done, SessionSecret)
    person = identity.actor_for_session(uow, secret=done.value)
    assert person
    return UnitOfWork(uow.session, person.actor, uow.clock, uow.request_id)
