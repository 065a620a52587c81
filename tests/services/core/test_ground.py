import uuid

import psycopg.errors
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from services import audit, identity
from services.core.db import UnitOfWork


@pytest.fixture
def entity_id(uow: UnitOfWork) -> uuid.UUID:
    return identity.create_legal_entity(
        uow, code="mh-de", name="Musterhandel GmbH", country="DE", currency="EUR", time_zone="Europe/Berlin"
    )


def test_an_entity_is_created_with_its_audit_entry(uow: UnitOfWork, entity_id: uuid.UUID):
    assert [e.id for e in identity.legal_entities(uow)] == [entity_id]
    actions = uow.session.execute(text("SELECT action FROM audit_entry")).scalars().all()
    assert actions == ["identity.legal_entity.created"]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET reason = 'x'", "DELETE FROM audit_entry", "TRUNCATE audit_entry"]
)
def test_the_audit_log_is_append_only_even_as_a_replica(uow: UnitOfWork, entity_id: uuid.UUID, statement: str):
    uow.session.execute(text("SET LOCAL session_replication_role = replica"))
    with pytest.raises(DatabaseError, match="append-only") as refused:
        uow.session.execute(text(statement))
    assert isinstance(refused.value.orig, psycopg.errors.RaiseException)
    assert audit.record
