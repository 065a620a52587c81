"""Direct SQL as the application's role: every shortcut is refused by keys, checks and grants, not by Python."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import psycopg.errors
import pytest
from sqlalchemy import text

from services import approvals
from services.approvals import RequestState
from services.core.actor import Actor
from services.core.db import Database
from services.identity import Role
from tests.factories.approvals import BIG, TWO, a_person, agree, as_person, asked, declare_kinds

declare_kinds()
_SYSTEM = Actor.system("test")
_VOTE = """
INSERT INTO approval_vote (id, request_id, digest, requested_by, seats, expires_at, voter_id, voter_name,
    represented_id, represented_name, delegation_id, team, decision, seat, ordinal, reason, cast_at)
SELECT gen_random_uuid(), r.id, {digest}, {requester}, {seats}, {expires}, {voter}, 'x', {represented}, 'x',
    {delegation}, {team}, {decision}, {seat}, {ordinal}, {reason}, {cast_at}
FROM approval_request r WHERE r.id = %(open)s
"""
_HONEST = {
    "digest": "r.digest",
    "requester": "r.requested_by",
    "seats": "r.seats",
    "expires": "r.expires_at",
    "voter": "%(ops)s",
    "represented": "%(ops)s",
    "delegation": "NULL",
    "team": "'ops'",
    "decision": "'approve'",
    "seat": "2",
    "ordinal": "2",
    "reason": "NULL",
    "cast_at": "now()",
}
# What is wrong with the vote -> what it says instead of the truth. One agreement (Finance B) is there.
_FORGED = {
    "own request": {"voter": "%(asker)s", "represented": "%(asker)s"},
    "forged requester": {"voter": "%(asker)s", "represented": "%(asker)s", "requester": "%(ops)s"},
    "for the requester": {"represented": "%(asker)s", "delegation": "%(cover)s"},
    "forged delegation": {"represented": "%(absent)s", "delegation": "%(cover)s"},
    "in another's place without a delegation": {"represented": "%(absent)s"},
    "one person for two teams": {"voter": "%(voted)s", "represented": "%(voted)s"},
    "stale digest": {"digest": "repeat('0', 64)"},
    "a seat that is taken": {"seat": "1", "team": "'finance'"},
    "a seat of another team": {"team": "'dev'"},
    "a seat that is not needed": {"seat": "3"},
    "a number too high": {"ordinal": "3"},
    "a number that is taken": {"ordinal": "1"},
    "fewer seats than needed": {"seats": "1"},
    "after the end": {"cast_at": "r.expires_at + interval '1 second'"},
    "a later end": {"expires": "r.expires_at + interval '1 day'"},
    "an agreement without a seat": {"seat": "NULL", "ordinal": "NULL"},
    "a rejection without a reason": {"decision": "'reject'", "seat": "NULL", "ordinal": "NULL"},
    "somebody who does not exist": {"voter": "gen_random_uuid()"},
}
_USE = (
    "INSERT INTO approval_consumption (request_id, digest, requested_by, seats, expires_at, consumed_at,"
    " consumed_by_name) SELECT id, {digest}, requested_by, {seats}, expires_at, {at}, 'x' FROM approval_request"
    " WHERE id = %({which})s"
)
_STATEMENTS = {
    "approved without the last agreement": "UPDATE approval_request SET state = 'approved' WHERE id = %(open)s",
    "done without its use": "UPDATE approval_request SET state = 'consumed', ended_at = now() WHERE id = %(ready)s",
    "used without the last agreement": _USE.format(digest="digest", seats="seats", at="now()", which="open"),
    "used with fewer seats": _USE.format(digest="digest", seats="1", at="now()", which="open"),
    "used with another digest": _USE.format(digest="repeat('0', 64)", seats="seats", at="now()", which="ready"),
    "used after its end": _USE.format(
        digest="digest", seats="seats", at="expires_at + interval '1 second'", which="ready"
    ),
    "used twice": _USE.format(digest="digest", seats="seats", at="now()", which="used"),
    "another digest after a vote": "UPDATE approval_request SET digest = repeat('0', 64) WHERE id = %(open)s",
    "another content": "UPDATE approval_request SET content = '{}' WHERE id = %(open)s",
    "another requester": "UPDATE approval_request SET requested_by = %(ops)s WHERE id = %(open)s",
    "a longer time": "UPDATE approval_request SET expires_at = expires_at + interval '1 day' WHERE id = %(open)s",
    "fewer seats": "UPDATE approval_request SET seats = 1 WHERE id = %(open)s",
    "the request away": "DELETE FROM approval_request WHERE id = %(open)s",
    "a vote away": "DELETE FROM approval_vote WHERE request_id = %(open)s",
    "a vote for another": "UPDATE approval_vote SET voter_id = %(ops)s WHERE request_id = %(open)s",
    "a seat away": "DELETE FROM approval_seat WHERE request_id = %(open)s AND seat = 2",
    "a seat for another team": "UPDATE approval_seat SET team = 'finance' WHERE request_id = %(open)s AND seat = 2",
    "the use away": "DELETE FROM approval_consumption WHERE request_id = %(used)s",
    "a delegation for another": "UPDATE approval_delegation SET to_id = %(absent)s",
    "a longer delegation": "UPDATE approval_delegation SET ends_on = ends_on + 1",
    "a policy without an approval": (
        "INSERT INTO approval_policy (id, kind, version, tiers, request_id, changed_by_name)"
        " VALUES (gen_random_uuid(), 'tests.two', 1, '[]', %(ready)s, 'x')"
    ),
    "everything away": "TRUNCATE approval_request CASCADE",
}
_REFUSALS = (psycopg.errors.IntegrityError, psycopg.errors.InsufficientPrivilege)
World = tuple[Database, dict[str, uuid.UUID]]


@pytest.fixture
def world(database: Database) -> World:
    """One request with the first of two agreements, one with both, one that was used; and cover for the asker."""
    with database.unit_of_work(_SYSTEM) as uow:
        names = ("Asker", "Voted", "Absent")
        ids = {name.lower(): a_person(uow, name, Role.FINANCE) for name in names}
        ids["ops"] = a_person(uow, "Ops", Role.OPS)
        made = {
            name: asked(as_person(uow, ids["asker"]), kind=TWO.name, subject=name, facts=BIG)
            for name in ("open", "ready", "used")
        }
        for request in made.values():
            agree(as_person(uow, ids["voted"]), request)
        for name in ("ready", "used"):
            agree(as_person(uow, ids["ops"]), made[name])
        approvals.consume(uow, request_id=made["used"].id, content={"what": "it"})
        today = uow.clock.today("UTC")
        cover = approvals.delegate(
            as_person(uow, ids["asker"]), to_id=ids["ops"], starts_on=today, ends_on=today, reason="holiday"
        )
    return database, ids | {name: request.id for name, request in made.items()} | {"cover": cover.id}


def _works(database: Database, statement: str, ids: dict[str, uuid.UUID]) -> bool:
    """Whether it goes through in a transaction of its own; refused is only what keys, checks and grants refuse."""
    try:
        with psycopg.connect(database.url.replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT current_user").fetchone() == ("kontor_app",)
            connection.execute(statement.encode(), ids)
    except _REFUSALS:
        return False
    return True


def _states(database: Database) -> dict[str, Any]:
    with database.unit_of_work(_SYSTEM) as uow:
        rows = uow.session.execute(text("SELECT subject_id, state FROM approval_request")).all()
    return dict(rows)  # pyright: ignore[reportArgumentType]


def test_every_forged_vote_is_refused(world: World):
    database, ids = world
    got_through = [wrong for wrong, lie in _FORGED.items() if _works(database, _VOTE.format(**(_HONEST | lie)), ids)]
    assert got_through == []
    assert _works(database, _VOTE.format(**_HONEST), ids)


def test_every_shortcut_is_refused(world: World):
    database, ids = world
    before = _states(database)
    assert [wrong for wrong, statement in _STATEMENTS.items() if _works(database, statement, ids)] == []
    assert _states(database) == before == {"open": "pending", "ready": "approved", "used": "consumed"}
    with database.unit_of_work(_SYSTEM) as uow:
        approvals.consume(uow, request_id=ids["ready"], content={"what": "it"})
        done = approvals.request_detail(uow, request_id=ids["ready"]).request
    assert done.state is RequestState.CONSUMED
