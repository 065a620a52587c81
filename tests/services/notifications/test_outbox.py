"""A letter leaves after the commit or never, once unless a process dies, and its secret is forgotten."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from services import notifications
from services.core.actor import Actor
from services.core.db import Database, UnitOfWork
from services.core.errors import Forbidden, Invalid
from services.identity import Role
from services.notifications import Attachment, Letter, LetterState
from tests.factories.identity import a_user, acting_as

LETTER = Letter("Something waits for you", ("Look at it.",), (("Amount", "€5.00"),), ("Open", "/approvals/1"))


def _send(uow: UnitOfWork, **changes):
    return notifications.send(uow, **({"recipient": "ada@example.com", "letter": LETTER, "purpose": "test"} | changes))


def _send_twice_badly(uow: UnitOfWork) -> None:
    _send(uow)
    _send(uow, recipient="nobody")


def _states(uow: UnitOfWork) -> list[str]:
    return [letter.state.value for letter in notifications.letters(uow).letters]


def test_a_letter_waits_is_claimed_once_and_is_settled(uow: UnitOfWork):
    written = _send(uow)
    (claimed,) = notifications.claim_letters(uow)
    assert (claimed.id, claimed.letter, claimed.attempts) == (written, LETTER, 1)
    assert notifications.claim_letters(uow) == []
    notifications.note_sent(uow, letter_id=claimed.id)
    assert _states(uow) == ["sent"]


def test_what_is_rolled_back_is_never_said(database: Database):
    with pytest.raises(Invalid), database.unit_of_work(Actor.system("test")) as uow:
        _send_twice_badly(uow)
    with database.unit_of_work(Actor.system("test")) as uow:
        assert notifications.claim_letters(uow) == []


def test_the_same_thing_is_said_once(uow: UnitOfWork):
    assert _send(uow, dedup_key="a") is not None
    assert _send(uow, dedup_key="a") is None
    assert len(notifications.claim_letters(uow)) == 1


def test_a_claim_whose_process_died_is_taken_up_again(uow: UnitOfWork):
    _send(uow)
    notifications.claim_letters(uow)
    uow.session.execute(text("UPDATE notification SET next_attempt_at = now() - interval '1 s'"))
    assert [letter.attempts for letter in notifications.claim_letters(uow)] == [2]


def test_trouble_is_tried_again_and_given_up_after_eight_attempts(uow: UnitOfWork):
    _send(uow)
    ends = []
    for _ in range(8):
        uow.session.execute(text("UPDATE notification SET next_attempt_at = now() - interval '1 s'"))
        (letter,) = notifications.claim_letters(uow)
        ends.append(notifications.note_failed(uow, letter=letter, error="no answer", permanent=False))
    assert ends == [LetterState.QUEUED] * 7 + [LetterState.DEAD]
    assert notifications.letters(uow).letters[0].error == "no answer"


def test_a_refusal_for_good_is_a_dead_letter_that_a_person_may_send_again(uow: UnitOfWork):
    _send(uow)
    (letter,) = notifications.claim_letters(uow)
    notifications.note_failed(uow, letter=letter, error="550", permanent=True)
    assert _states(uow) == ["dead"]
    notifications.send_again(uow, letter_id=letter.id)
    assert [again.attempts for again in notifications.claim_letters(uow)] == [1]


def test_a_secret_waits_under_seal_and_arrives_whole(uow: UnitOfWork):
    _send(uow, secret=True)
    content, sealed = uow.session.execute(text("SELECT content, sealed FROM notification")).one()
    assert content is None
    (claimed,) = notifications.claim_letters(uow)
    assert claimed.letter == LETTER
    for word in (LETTER.paragraphs[0], LETTER.action[1] if LETTER.action else ""):
        assert word.encode() not in bytes(sealed)


def test_the_text_of_a_secret_letter_is_gone_with_it(uow: UnitOfWork):
    _send(uow, secret=True)
    (letter,) = notifications.claim_letters(uow)
    notifications.note_sent(uow, letter_id=letter.id)
    assert uow.session.execute(text("SELECT content FROM notification")).scalar_one() is None
    _send(uow, secret=True)
    (second,) = notifications.claim_letters(uow)
    notifications.note_failed(uow, letter=second, error="550", permanent=True)
    with pytest.raises(notifications.NotResendable):
        notifications.send_again(uow, letter_id=second.id)


@pytest.mark.parametrize("recipient", ["nobody", "a@b, c@d", "ada@example.com\nBcc: x@y", "#", "#UPPER", ""])
def test_a_recipient_that_is_none_is_refused(uow: UnitOfWork, recipient: str):
    with pytest.raises(Invalid):
        _send(uow, recipient=recipient)


def test_a_subject_cannot_forge_headers(uow: UnitOfWork):
    with pytest.raises(Invalid):
        _send(uow, letter=Letter("Hello\r\nBcc: x@example.com", ("…",)))


def test_the_list_filters_and_pages(uow: UnitOfWork):
    for number in range(5):
        _send(uow, recipient=f"p{number}@example.com")
    first = notifications.letters(uow, limit=2)
    assert [letter.recipient for letter in first.letters] == ["p4@example.com", "p3@example.com"]
    second = notifications.letters(uow, limit=2, older_than=first.older)
    assert [letter.recipient for letter in second.letters] == ["p2@example.com", "p1@example.com"]
    assert notifications.letters(uow, limit=2, newer_than=second.newer).letters == first.letters
    assert [letter.recipient for letter in notifications.letters(uow, text="P3@").letters] == ["p3@example.com"]
    assert notifications.letters(uow, states=[LetterState.DEAD]).letters == ()


def test_only_who_may_reads_the_outbox_or_sends_again(uow: UnitOfWork):
    written = _send(uow)
    assert written is not None
    a_user(uow, Role.FINANCE, email="finance@example.com")
    reader = acting_as(uow, "finance@example.com")
    with pytest.raises(Forbidden):
        notifications.letters(reader)
    with pytest.raises(Forbidden):
        notifications.send_again(reader, letter_id=written)
    with pytest.raises(Forbidden):
        notifications.claim_letters(reader)
    assert _states(uow) == ["queued"]


def test_old_letters_are_forgotten_but_not_the_dead(uow: UnitOfWork):
    for ended in ("sent", "dead", "skipped"):
        uow.session.execute(
            text(
                "INSERT INTO notification (id, channel, recipient, purpose, subject, state, settled_at) VALUES"
                " (gen_random_uuid(), 'mail', 'a@b', 'test', 's', :state, now() - interval '31 days')"
            ),
            {"state": ended},
        )
    assert notifications.forget_old(uow) == 2
    assert _states(uow) == ["dead"]


def test_files_go_with_a_letter_and_are_forgotten_with_it(uow: UnitOfWork):
    file = Attachment("report.pdf", "application/pdf", b"%PDF-1.7")
    _send(uow, attachments=(file,), dedup_key="a")
    assert _send(uow, attachments=(file,), dedup_key="a") is None
    (claimed,) = notifications.claim_letters(uow)
    assert claimed.attachments == (file,)
    notifications.note_sent(uow, letter_id=claimed.id)
    uow.session.execute(text("UPDATE notification SET settled_at = now() - interval '31 days'"))
    assert notifications.forget_old(uow) == 1
    assert uow.session.scalar(text("SELECT count(*) FROM notification_file")) == 0


@pytest.mark.parametrize(
    "file",
    [
        Attachment("report.pdf", "application/pdf", b""),
        Attachment("report.pdf", "application/pdf", bytes(notifications.LARGEST_ATTACHMENTS + 1)),
        Attachment("a\r\nBcc: eve@example.com", "application/pdf", b"x"),
        Attachment("../../etc/passwd", "application/pdf", b"x"),
        Attachment("report.pdf", "text/html; charset=x", b"x"),
    ],
    ids=["empty", "too large", "header", "path", "type"],
)
def test_a_file_that_is_none_is_refused(uow: UnitOfWork, file: Attachment):
    with pytest.raises(Invalid):
        _send(uow, attachments=(file,))
