"""The outbox: letters leave as soon as they are written."""

from __future__ import annotations

from jobs.runner import SYSTEM
from jobs.standing import standing
from services import notifications
from services.bootstrap import Application
from services.core.log import get_logger
from services.notifications import Handover, Outgoing

_log = get_logger(__name__)
_AT_ONCE = 20


@standing("notifications.outbox", interval=5.0, channel=notifications.OUTBOX_CHANNEL)
def deliver_letters(app: Application) -> bool:
    """Claims what is due, hands it over outside any transaction, and records each outcome by itself."""
    with app.database.unit_of_work(SYSTEM) as uow:
        claimed = notifications.claim_letters(uow, limit=_AT_ONCE)
    for letter in claimed:
        _deliver(app, letter)
    return len(claimed) == _AT_ONCE


def _deliver(app: Application, letter: Outgoing) -> None:
    """A letter that cannot even be written is an attempt like any other: it must not hold up those behind it."""
    try:
        how, why = app.post.hand_over(letter)
    except Exception as error:
        how, why = Handover.TRY_AGAIN, f"The letter could not be written ({type(error).__name__})."
        _log.exception("notifications.letter.broken", letter=str(letter.id))
    with app.database.unit_of_work(SYSTEM) as uow:
        match how:
            case Handover.SENT:
                notifications.note_sent(uow, letter_id=letter.id)
            case Handover.SKIPPED:
                notifications.note_skipped(uow, letter_id=letter.id, why=why or "")
            case _:
                permanent = how is Handover.REFUSED
                notifications.note_failed(uow, letter=letter, error=why or "", permanent=permanent)
    level = _log.info if how in (Handover.SENT, Handover.SKIPPED) else _log.warning
    level("notifications.letter.handled", letter=str(letter.id), channel=letter.channel.value, outcome=how.value)


@standing("notifications.housekeeping", interval=3600.0)
def forget_old_letters(app: Application) -> bool:
    """Letters that went a month ago are of no use to anybody."""
    with app.database.unit_of_work(SYSTEM) as uow:
        notifications.forget_old(uow)
    return False
