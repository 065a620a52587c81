import datetime as dt
import uuid

import pytest

from services import audit
from services.audit import AuditFilter
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid, NotFound
from services.core.permissions import Permission
from services.identity import Role
from tests.factories.identity import a_user, acting_as, an_entity


def _write(uow: UnitOfWork, subject: str, entity_id: uuid.UUID | None = None, **changes: str) -> uuid.UUID:
    fields = {"action": "payments.payment.refunded", "subject_type": "payment"} | changes
    return audit.record(uow, subject_id=subject, entity_id=entity_id, **fields)  # pyright: ignore[reportArgumentType]


def _subjects(page: audit.AuditPage) -> list[str]:
    return [entry.subject_id for entry in page.entries]


def test_pages_go_back_and_forth_without_a_gap(uow: UnitOfWork):
    for number in range(7):
        _write(uow, str(number))
    newest = audit.search(uow, limit=3)
    middle = audit.search(uow, limit=3, older_than=newest.older)
    oldest = audit.search(uow, limit=3, older_than=middle.older)
    assert [_subjects(p) for p in (newest, middle, oldest)] == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert (newest.newer, oldest.older) == (None, None)
    assert _subjects(audit.search(uow, limit=3, newer_than=oldest.newer)) == ["3", "2", "1"]
    assert audit.search(uow, limit=3, newer_than=middle.newer).newer is None


def test_every_filter_narrows(uow: UnitOfWork):
    entity_id = an_entity(uow)
    _write(uow, "one", entity_id, reason="50% goodwill")
    _write(uow, "two", action="payments.payment_method.removed", outcome="refused")
    now = dt.datetime.now(dt.UTC)
    for wanted, expected in (
        (AuditFilter(text="50% GOOD"), ["one"]),
        (AuditFilter(action="payments.payment"), ["one"]),
        (AuditFilter(action="payments"), ["two", "one"]),
        (AuditFilter(outcome="refused"), ["two"]),
        (AuditFilter(entity_id=entity_id, subject_type="payment"), ["one"]),
        (AuditFilter(subject_id="two"), ["two"]),
        (AuditFilter(since=now + dt.timedelta(hours=1)), []),
        (AuditFilter(until=now + dt.timedelta(hours=1), action="payments"), ["two", "one"]),
    ):
        assert _subjects(audit.search(uow, filter=wanted)) == expected, wanted
    assert [entry.subject_id for entry in audit.export(uow, filter=AuditFilter(action="payments"))] == ["one", "two"]


def test_a_reader_sees_their_entities_and_the_installation_only_with_all(uow: UnitOfWork):
    german, swiss = an_entity(uow), an_entity(uow, "mh-ch", currency="CHF")
    a_user(uow, Role.AUDITOR, entities=[german])
    hidden = [_write(uow, "swiss", swiss), _write(uow, "installation")]
    _write(uow, "german", german)
    own = acting_as(uow)
    assert _subjects(audit.search(own, filter=AuditFilter(action="payments"))) == ["german"]
    for entry_id in hidden:
        with pytest.raises(NotFound):
            audit.entry(own, entry_id=entry_id)


def test_a_trail_is_shown_to_whoever_may_see_the_record(uow: UnitOfWork):
    german = an_entity(uow)
    a_user(uow, Role.OPS, entities=[german])
    _write(uow, "p-1", german)
    _write(uow, "p-2", german)
    own = acting_as(uow)
    assert [e.subject_id for e in audit.trail(own, "payment", "p-1", permission=Permission.PAYMENT_READ)] == ["p-1"]
    with pytest.raises(Forbidden):
        audit.trail(own, "payment", "p-1")
    with pytest.raises(Forbidden):
        audit.search(own)


def test_an_address_becomes_a_filter_with_whole_days_of_the_reader():
    wanted = AuditFilter.from_address({"from": "2026-03-29", "to": "2026-03-29", "q": ""}, "Europe/Berlin")
    assert wanted.since is not None
    assert wanted.until is not None
    assert wanted.until - wanted.since == dt.timedelta(hours=23)
    assert wanted.text is None
    for spoilt in ({"from": "yesterday"}, {"actor": "me"}, {"to": "9999-12-31"}):
        with pytest.raises(Invalid):
            AuditFilter.from_address(spoilt, "Europe/Berlin")
