"""What the list of people says about one of them."""

from __future__ import annotations

import datetime as dt
import uuid

from console.design.format import Reader
from console.pages.access.rows import user_row
from services.identity import Grant, Role, UserView

GERMAN, SWISS = uuid.uuid4(), uuid.uuid4()
NAMES = {GERMAN: "Musterhandel GmbH", SWISS: "Musterhandel Schweiz AG"}


def _roles(*grants: Grant) -> str:
    made = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    user = UserView(uuid.uuid4(), "ada@example.com", "Ada Kontor", True, made, None, 0, grants)
    return user_row(user, NAMES, Reader("en"))["roles"]


def test_roles_of_the_same_entities_stand_together():
    everywhere = [Grant(role, entity) for role in (Role.FINANCE, Role.DEV) for entity in (SWISS, GERMAN)]
    assert _roles(*everywhere) == "Finance, Dev: Musterhandel GmbH, Musterhandel Schweiz AG"
    assert _roles(Grant(Role.OPS, None), Grant(Role.AUDITOR, GERMAN)) == "Ops: all entities; Auditor: Musterhandel GmbH"
    assert _roles() == "no role"
