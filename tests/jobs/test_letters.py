"""The outbox and the clock of requests as workers run them."""

from __future__ import annotations

import datetime as dt

import pytest

from jobs.approvals import keep_time
from jobs.notifications import deliver_letters, forget_old_letters
from services import approvals, notifications
from services.approvals import RequestState
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.clock import FrozenClock
from services.core.db import Database
from services.core.settings import MailSettings, Settings
from services.identity import Role
from services.integrations.stripe_gateway import StripeGateway
from services.notifications import Letter, LetterState
from tests.factories.approvals import ONE, a_person, as_person, asked, declare_kinds

declare_kinds()
_SYSTEM = Actor.system("test")


def _app(database: Database, mail: MailSettings) -> Application:
    settings = Settings(sandbox=False, mail=mail)
    return Application(settings, database, StripeGateway.of(settings))


def _letters(database: Database) -> list[notifications.LetterView]:
    with database.unit_of_work(_SYSTEM) as uow:
        return list(notifications.letters(uow).letters)


@pytest.mark.parametrize(
    ("mail", "state", "said"),
    [
        (MailSettings(), LetterState.SKIPPED, "No mail server is set up"),
        (MailSettings(host="127.0.0.1", port=9, encryption="none"), LetterState.QUEUED, "did not answer"),
    ],
)
def test_a_step_records_how_the_handover_ended(database: Database, mail: MailSettings, state: LetterState, said: str):
    with database.unit_of_work(_SYSTEM) as uow:
        notifications.send(uow, recipient="a@example.com", letter=Letter("Hello", ("…",)), purpose="test")
    assert deliver_letters(_app(database, mail)) is False
    forget_old_letters(_app(database, mail))
    (letter,) = _letters(database)
    assert (letter.state, letter.attempts) == (state, 1)
    assert said in (letter.error or "")


def test_a_request_reminds_then_expires_and_says_so(database: Database):
    app = _app(database, MailSettings())
    with database.unit_of_work(_SYSTEM) as uow:
        asker, voter = a_person(uow, "Asker", Role.FINANCE), a_person(uow, "Voter", Role.FINANCE)
        request = asked(as_person(uow, asker))
    for left, state in ((dt.timedelta(hours=1), RequestState.PENDING), (dt.timedelta(0), RequestState.EXPIRED)):
        app.database.clock = FrozenClock(request.expires_at - left)
        keep_time(app)
        keep_time(app)
        with database.unit_of_work(_SYSTEM) as uow:
            assert approvals.request_for(uow, kind=ONE.name, subject_id="s-1").state is state  # pyright: ignore
    sent = sorted((letter.purpose, letter.recipient) for letter in _letters(database))
    assert voter != asker
    assert sent == [
        ("approvals.ended", "#approvals"),
        ("approvals.ended", "asker@example.com"),
        ("approvals.expiring", "#approvals"),
        ("approvals.expiring", "asker@example.com"),
        ("approvals.expiring", "voter@example.com"),
        ("approvals.requested", "#approvals"),
        ("approvals.requested", "voter@example.com"),
    ]
