import uuid

import pytest

from services import audit
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.identity import Role
from tests.factories.identity import a_user, acting_as


def test_a_view_is_kept_under_its_name_for_its_owner_alone(uow: UnitOfWork):
    a_user(uow, Role.AUDITOR)
    own = acting_as(uow)
    audit.save_view(own, name=" Refusals ", query={"outcome": "refused", "after": "x", "q": ""})
    audit.save_view(own, name="Refusals", query={"outcome": "refused", "by": "user"})
    (view,) = audit.saved_views(own)
    assert (view.name, view.query) == ("Refusals", {"outcome": "refused", "by": "user"})
    other = UnitOfWork(uow.session, Actor.system("other"), uow.clock, "r")
    assert audit.saved_views(other) == []
    with pytest.raises(NotFound):
        audit.remove_view(other, view_id=view.id)
    audit.remove_view(own, view_id=view.id)
    assert audit.saved_views(own) == []
    for name in ("", " ", "x" * 61):
        with pytest.raises(Invalid):
            audit.save_view(own, name=name, query={})
    with pytest.raises(NotFound):
        audit.remove_view(own, view_id=uuid.uuid4())
