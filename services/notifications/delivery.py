"""Bringing a letter on its way: rendered once for mail and chat, handed over, the outcome told apart."""

from __future__ import annotations

import html
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.core.settings import Settings
from services.integrations.chat import ChatHooks, ChatRefused, ChatUnavailable
from services.integrations.mail import Mailer, MailRefused, MailUnavailable
from services.notifications.views import Outgoing
from services.notifications.vocabulary import CHAT_MARK, Channel, Letter


class Handover(StrEnum):
    SENT = "sent"
    SKIPPED = "skipped"
    TRY_AGAIN = "try_again"
    REFUSED = "refused"


@dataclass(frozen=True)
class PostOffice:
    """The ways out of the house, and the address under which the console is reached from outside."""

    mailer: Mailer
    chat: ChatHooks
    public_url: str

    @classmethod
    def of(cls, settings: Settings) -> PostOffice:
        return cls(Mailer.of(settings), ChatHooks.of(settings), settings.public_url.rstrip("/"))

    def hand_over(self, outgoing: Outgoing) -> tuple[Handover, str | None]:
        """Delivers one letter; says how it ended and, in a sentence without any of its text, why not."""
        try:
            if outgoing.channel is Channel.CHAT:
                return self._post(outgoing)
            if not self.mailer.is_set_up:
                return Handover.SKIPPED, "No mail server is set up (KONTOR_MAIL__HOST)."
            self.mailer.send(as_mail(outgoing, sender=self.mailer.sender, public_url=self.public_url))
        except (MailRefused, ChatRefused) as error:
            return Handover.REFUSED, error.sentence
        except (MailUnavailable, ChatUnavailable) as error:
            return Handover.TRY_AGAIN, error.sentence
        return Handover.SENT, None

    def _post(self, outgoing: Outgoing) -> tuple[Handover, str | None]:
        name = outgoing.recipient.removeprefix(CHAT_MARK)
        if not self.chat.knows(name):
            return Handover.SKIPPED, f"No webhook is set up for #{name} (KONTOR_CHAT__WEBHOOKS)."
        self.chat.post(name, as_chat(outgoing.letter, public_url=self.public_url))
        return Handover.SENT, None


def as_mail(outgoing: Outgoing, *, sender: str, public_url: str) -> EmailMessage:
    """Text and HTML. The Message-ID follows from the letter, so a second delivery can be recognised as one."""
    letter = outgoing.letter
    message = EmailMessage()
    message["From"] = sender
    message["To"] = outgoing.recipient
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(outgoing.created_at)
    message["Message-ID"] = f"<{outgoing.id}@{urlsplit(public_url).hostname or 'kontor'}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = letter.locale
    message.set_content(as_text(letter, public_url=public_url))
    values = {"letter": letter, "href": absolute(letter, public_url), "console": public_url}
    message.add_alternative(_template().render(**values), subtype="html")
    for one in outgoing.attachments:
        main, _, sub = one.media_type.partition("/")
        message.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    return message


def as_text(letter: Letter, *, public_url: str) -> str:
    """The letter in plain text."""
    parts = ["\n\n".join(letter.paragraphs)]
    if letter.facts:
        parts.append("\n".join(f"{name}: {value}" for name, value in letter.facts))
    if letter.action:
        parts.append(f"{letter.action[0]}:\n{absolute(letter, public_url)}")
    return "\n\n".join(parts) + "\n"


def as_chat(letter: Letter, *, public_url: str) -> str:
    """One message: subject, facts, address. What people wrote cannot make links or call everybody."""
    lines = [letter.subject, *letter.paragraphs, *(f"{name}: {value}" for name, value in letter.facts)]
    said = html.escape("\n".join(lines), quote=False).replace("@", "@\u200b")
    return f"{said}\n{absolute(letter, public_url)}" if letter.action else said


def absolute(letter: Letter, public_url: str) -> str:
    """Where the letter's action leads; a path of the console is completed."""
    if letter.action is None:
        return ""
    target = letter.action[1]
    return f"{public_url}{target}" if target.startswith("/") else target


@cache
def _template():
    folder = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=folder, autoescape=True, undefined=StrictUndefined).get_template("letter.html")
