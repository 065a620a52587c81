"""What a password must be, what a breach knows, what was had before, and links that set one."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text

from services import identity
from services.core.db import UnitOfWork
from services.core.errors import Conflict, Forbidden, StepUpRequired
from services.identity import LinkPurpose, LinkSpent, Role, SessionSecret, SignInRefused, VettedPassword, WeakPassword
from services.integrations.breached_passwords import BreachedPasswords
from tests.factories.identity import PASSWORD, a_user, acting_as
from tests.factories.letters import link_of_last_letter

_OFFLINE = BreachedPasswords(None)
_GOOD = "violet kettle under seven bridges"


@pytest.fixture
def range_api():
    """A range API of our own that knows one password and notes what it was asked."""
    known = hashlib.sha1(_GOOD.encode()).hexdigest().upper()
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("Add-Padding", "")))
            prefix = self.path.rpartition("/")[2]
            lines = ["0" * 35 + ":0", f"{known[5:]}:42" if known.startswith(prefix) else "1" * 35 + ":3"]
            self.send_response(200)
            self.end_headers()
            self.wfile.write("\r\n".join(lines).encode())

        def log_message(self, format, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/range/", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_only_five_characters_of_a_hash_leave(range_api):
    address, asked = range_api
    breaches = BreachedPasswords(address)
    with pytest.raises(WeakPassword, match="breach"):
        identity.vet_password(_GOOD, breaches)
    assert identity.vet_password("another kettle over nine rivers", breaches).value
    digest = hashlib.sha1(_GOOD.encode()).hexdigest().upper()
    assert asked[0] == (f"/range/{digest[:5]}", "true")
    assert len(asked[1][0]) == len("/range/") + 5


def test_without_the_network_the_commonest_are_known(caplog):
    unreachable = BreachedPasswords("http://127.0.0.1:9/range/", timeout=0.2)
    assert unreachable.knows("Correct Horse Battery Staple")
    assert unreachable.knows("password12345")
    assert not unreachable.knows(_GOOD)
    assert not _OFFLINE.knows(_GOOD)


@pytest.mark.parametrize(
    "weak", ["short", "x" * 129, "passwordpassword", "qwertyuiop123", "ada@example.com", "Ada Kontor 1!"]
)
def test_short_long_and_guessable_passwords_are_refused(uow: UnitOfWork, weak: str):
    user_id = a_user(uow)
    with pytest.raises(WeakPassword):
        identity.set_password(uow, user_id=user_id, password=weak)


@pytest.mark.parametrize("fine", ["nur kleine worte hintereinander", "ünïcødé ☂ über alle Berge", "9472018365529174"])
def test_no_composition_is_asked_for(fine: str):
    assert identity.vet_password(fine, _OFFLINE).value == fine


def test_the_last_five_do_not_come_back(uow: UnitOfWork):
    user_id = a_user(uow)
    chosen = [f"violet kettle number {word}" for word in ("one", "two", "three", "four", "five")]
    for password in chosen[:4]:
        identity.set_password(uow, user_id=user_id, password=password)
    for former in (PASSWORD, *chosen[:4]):
        with pytest.raises(WeakPassword, match="last five"):
            identity.set_password(uow, user_id=user_id, password=former)
    identity.set_password(uow, user_id=user_id, password=chosen[4])
    identity.set_password(uow, user_id=user_id, password=PASSWORD)
    assert uow.session.execute(text("SELECT count(*) FROM former_password")).scalar_one() == 4


def test_changing_ones_own_password_ends_the_other_sessions(uow: UnitOfWork):
    a_user(uow, Role.DEV)
    other, own = acting_as(uow), acting_as(uow)
    assert identity.change_password(own, password=VettedPassword(_GOOD), present="wrong") == SignInRefused()
    assert identity.change_password(own, password=VettedPassword(_GOOD), present=PASSWORD) is None
    alive = uow.session.execute(text("SELECT id FROM user_session WHERE revoked_at IS NULL")).scalars().all()
    assert own.actor.session_id in alive
    assert other.actor.session_id not in alive
    stale = type(own.actor)(own.actor.kind, own.actor.id, "Ada", own.actor.grants, session_id=own.actor.session_id)
    with pytest.raises(StepUpRequired):
        identity.change_password(
            UnitOfWork(uow.session, stale, uow.clock, "r"), password=VettedPassword("other kettle entirely")
        )


def _link(uow: UnitOfWork) -> str:
    return link_of_last_letter(uow).rpartition("#")[2]


def test_a_forgotten_password_is_set_once_by_link_and_every_session_ends(uow: UnitOfWork):
    a_user(uow, Role.DEV)
    session = acting_as(uow).actor.session_id
    for _ in range(6):
        identity.authenticate(uow, email="ada@example.com", password="wrong", address=None, user_agent=None)
    identity.ask_for_reset(uow, email=" ADA@example.com")
    secret = _link(uow)
    assert secret.encode() not in uow.session.execute(text("SELECT secret_hash FROM one_time_link")).scalar_one()
    assert identity.link_purpose(uow, secret=secret) is LinkPurpose.RESET
    with pytest.raises(WeakPassword):
        identity.set_password_by_link(uow, secret=secret, password=VettedPassword("passwordpassword"))
    identity.set_password_by_link(uow, secret=secret, password=VettedPassword(_GOOD))
    with pytest.raises(LinkSpent):
        identity.set_password_by_link(uow, secret=secret, password=VettedPassword("violet kettle again"))
    ended = uow.session.execute(text("SELECT revoked_at FROM user_session WHERE id = :id"), {"id": session})
    assert ended.scalar_one()
    opened = identity.authenticate(uow, email="ada@example.com", password=_GOOD, address=None, user_agent=None)
    assert isinstance(opened, SessionSecret), "the wait is over with the new password"


def test_an_unknown_address_gets_nothing_and_the_log_says_nothing(uow: UnitOfWork):
    before = uow.session.execute(text("SELECT count(*) FROM audit_entry")).scalar_one()
    identity.ask_for_reset(uow, email="nobody@example.com")
    assert uow.session.execute(text("SELECT count(*) FROM notification")).scalar_one() == 0
    assert uow.session.execute(text("SELECT count(*) FROM audit_entry")).scalar_one() == before


def test_an_invitation_runs_out(uow: UnitOfWork):
    user_id = identity.create_user(uow, email="new@example.com", display_name="New", password=None)
    refused = identity.authenticate(uow, email="new@example.com", password="", address=None, user_agent=None)
    assert refused == SignInRefused()
    identity.invite(uow, user_id=user_id)
    secret = _link(uow)
    uow.session.execute(text("UPDATE one_time_link SET expires_at = now() - interval '1 second'"))
    assert identity.link_purpose(uow, secret=secret) is None
    with pytest.raises(LinkSpent):
        identity.set_password_by_link(uow, secret=secret, password=VettedPassword(_GOOD))
    identity.invite(uow, user_id=user_id)
    identity.set_password_by_link(uow, secret=_link(uow), password=VettedPassword(_GOOD))
    with pytest.raises(Conflict):
        identity.invite(uow, user_id=user_id)


def test_an_administrator_retracts_a_password_and_never_learns_the_next(uow: UnitOfWork):
    user_id = a_user(uow, Role.FINANCE)
    session = acting_as(uow).actor.session_id
    assert identity.retract_password(uow, user_id=user_id) == 1
    refused = identity.authenticate(uow, email="ada@example.com", password=PASSWORD, address=None, user_agent=None)
    assert refused == SignInRefused()
    ended = uow.session.execute(text("SELECT revoked_at FROM user_session WHERE id = :id"), {"id": session})
    assert ended.scalar_one()
    letter = uow.session.execute(text("SELECT purpose, subject FROM notification")).one()
    assert letter == ("identity.retracted", "Set a new password for Kontor")
    secret = _link(uow)
    with pytest.raises(WeakPassword, match="last five"):
        identity.set_password_by_link(uow, secret=secret, password=VettedPassword(PASSWORD))
    identity.set_password_by_link(uow, secret=secret, password=VettedPassword(_GOOD))
    opened = identity.authenticate(uow, email="ada@example.com", password=_GOOD, address=None, user_agent=None)
    assert isinstance(opened, SessionSecret)


def test_an_old_proof_gives_nobody_a_way_in(uow: UnitOfWork):
    user_id = a_user(uow, Role.FINANCE)
    a_user(uow, Role.ADMIN, email="boss@example.com")
    boss = acting_as(uow, "boss@example.com").actor
    old = UnitOfWork(uow.session, replace(boss, proved_at=None), uow.clock, uow.request_id)
    for refused in (
        lambda: identity.retract_password(old, user_id=user_id),
        lambda: identity.set_password(old, user_id=user_id, password=_GOOD),
        lambda: identity.reactivate_user(old, user_id=user_id),
        lambda: identity.grant_role(old, user_id=user_id, role=Role.ADMIN),
        lambda: identity.reset_factors(old, user_id=user_id),
        lambda: identity.impersonate(old, user_id=user_id, reason="They see nothing"),
    ):
        with pytest.raises(StepUpRequired):
            refused()


def test_only_an_administrator_invites(uow: UnitOfWork):
    user_id = a_user(uow, Role.OPS)
    with pytest.raises(Forbidden):
        identity.invite(acting_as(uow), user_id=user_id)
