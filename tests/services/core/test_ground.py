import uuid

import pytest
from sqlalchemy import text

from services import identity
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
