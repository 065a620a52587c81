"""Personal data stand beside the entry: shown together, found by words, and erased without touching the leaf."""

from __future__ import annotations

import hashlib
import uuid

import orjson
import pytest
import rfc8785
from sqlalchemy import text

from services import audit
from services.audit import AuditFilter
from services.audit.policy import ERASED, divide, unite
from services.core.actor import Actor, ActorKind
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid

PERSON = uuid.UUID(int=7)


@pytest.fixture
def acting(uow: UnitOfWork) -> UnitOfWork:
    actor = Actor(ActorKind.USER, PERSON, "Ada Lovelace", on_behalf_of="Grace Hopper", address="203.0.113.9")
    return UnitOfWork(uow.session, actor, uow.clock, "request-1")


def write(acting: UnitOfWork) -> uuid.UUID:
    return audit.record(
        acting,
        action="identity.user.renamed",
        subject_type="user",
        subject_id="u-1",
        before={"email": "old@example.com", "roles": {"note": "secret", "list": [1, 2]}},
        after={"email": "new@example.com", "phone": None},
        reason="She asked Zoë",
    )


def test_an_entry_reads_whole_but_its_bytes_name_nobody(uow: UnitOfWork, acting: UnitOfWork):
    entry_id = write(acting)
    seen = audit.entry(uow, entry_id=entry_id)
    assert (seen.actor_name, seen.on_behalf_of, seen.address) == ("Ada Lovelace", "Grace Hopper", "203.0.113.9")
    assert seen.before == {"email": "old@example.com", "roles": {"note": "secret", "list": [1, 2]}}
    assert seen.after == {"email": "new@example.com", "phone": None}
    row = uow.session.execute(
        text("SELECT canonical, commitment, salt, data FROM audit_entry JOIN audit_personal ON entry_id = id")
    ).one()
    for word in (b"Ada", b"Grace", b"203.0.113", b"@example", b"secret", b"Zo"):
        assert word not in bytes(row.canonical)
    assert bytes(row.canonical) == rfc8785.dumps(orjson.loads(row.canonical))
    assert hashlib.sha256(bytes(row.salt) + bytes(row.data)).digest() == bytes(row.commitment)


def test_erasing_takes_the_names_and_leaves_the_bytes(uow: UnitOfWork, acting: UnitOfWork):
    entry_id = write(acting)
    leaf = uow.session.scalar(text("SELECT canonical FROM audit_entry WHERE id = :id"), {"id": entry_id})
    assert audit.search(uow, filter=AuditFilter(text="lovelace")).entries
    assert audit.erase_personal(uow, person=PERSON, reason="Article 17") == 1
    seen = audit.entry(uow, entry_id=entry_id)
    assert seen.is_erased
    assert (seen.actor_name, seen.address, seen.reason) == (ERASED, None, None)
    assert seen.before == {"email": ERASED, "roles": {"note": ERASED, "list": [1, 2]}}
    assert uow.session.scalar(text("SELECT canonical FROM audit_entry WHERE id = :id"), {"id": entry_id}) == leaf
    assert not audit.search(uow, filter=AuditFilter(text="lovelace")).entries
    assert audit.search(uow, filter=AuditFilter(action="audit.personal.erased")).entries
    assert audit.erase_personal(uow, entries=[entry_id], reason="again") == 0


def test_erasing_needs_its_right_and_somebody_to_erase(uow: UnitOfWork, acting: UnitOfWork):
    with pytest.raises(Forbidden):
        audit.erase_personal(acting, person=PERSON, reason="x")
    with pytest.raises(Invalid):
        audit.erase_personal(uow, reason="x")


@pytest.mark.parametrize("words", ["REQUEST-1", "new@example.com", "identity.user", "ada graces", "zoë", "hopp"])
def test_words_are_found_wherever_they_stand(uow: UnitOfWork, acting: UnitOfWork, words: str):
    write(acting)
    found = audit.search(uow, filter=AuditFilter(text=words)).entries
    assert bool(found) == (words != "ada graces")


def test_a_mark_in_the_data_itself_cannot_stand_for_something_erased():
    side = {"email": {"personal": True}, "deep": {"text": ["a"]}, "plain": {"personal": True}, "n": 1}
    assert unite(*divide(side)) == side


@pytest.mark.parametrize("value", [2**53, float("nan"), {1: 1}])
def test_what_has_no_single_canonical_form_is_refused(acting: UnitOfWork, value: object):
    with pytest.raises(ValueError, match=r"2\^53|canonical|not representable|domain|keys"):
        audit.record(acting, action="a.b.c", subject_type="x", subject_id="1", after={"value": value})
