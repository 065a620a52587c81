"""Mail by SMTP. Refusals for good and passing trouble are told apart, so that a queue knows what to try again."""

from __future__ import annotations

import json
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from services.core.errors import Invalid, Unavailable
from services.core.settings import MailSettings, Settings

_TIMEOUT_SECONDS = 15.0
_PERMANENT = range(500, 600)


class MailRefused(Invalid):
    """The mail server said no for good: an address that does not exist, a sender it does not take."""

    code = "mail_refused"


class MailUnavailable(Unavailable):
    """The mail server did not answer, or asks to be tried again later."""

    code = "mail_unavailable"


@dataclass(frozen=True)
class Mailer:
    """The way to one SMTP server. `caught_in` is the sandbox's connection file, read anew for each mail."""

    settings: MailSettings
    caught_in: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Mailer:
        """The configured server; without one, the sandbox's catcher, where there is a sandbox."""
        caught = settings.data_dir / "sandbox" / "connection.json"
        return cls(settings.mail, caught if settings.uses_sandbox and settings.mail.host is None else None)

    @property
    def sender(self) -> str:
        return self.settings.sender

    @property
    def is_set_up(self) -> bool:
        return self._address() is not None

    @property
    def caught_page(self) -> str | None:
        """Where a browser reads what the sandbox's catcher took; None where mail goes out for real."""
        caught = self._caught()
        return caught.get("page") if caught else None

    def send(self, message: EmailMessage) -> None:
        """Hands one mail over. Raises MailRefused for good, MailUnavailable for now; errors carry no text of it."""
        address = self._address()
        if address is None:
            raise MailUnavailable("No mail server is set up; set KONTOR_MAIL__HOST.")
        try:
            with self._connect(*address) as server:
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _refusal(max(codes, default=550), "The mail server does not take this address.") from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, "The mail server refused the mail.") from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnavailable(f"The mail server did not answer ({type(error).__name__}).") from None

    def _connect(self, host: str, port: int) -> smtplib.SMTP:
        encryption = "none" if self.caught_in else self.settings.encryption
        context = ssl.create_default_context()
        if encryption == "tls":
            server = smtplib.SMTP_SSL(host, port, timeout=_TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=_TIMEOUT_SECONDS)
        try:
            if encryption == "starttls":
                server.starttls(context=context)
            if self.settings.username and self.settings.password and not self.caught_in:
                server.login(self.settings.username, self.settings.password.get_secret_value())
        except BaseException:
            server.close()
            raise
        return server

    def _address(self) -> tuple[str, int] | None:
        if self.settings.host:
            return self.settings.host, self.settings.port
        caught = self._caught()
        return (str(caught["host"]), int(caught["port"])) if caught else None

    def _caught(self) -> dict[str, Any] | None:
        if self.caught_in is None:
            return None
        try:
            return json.loads(self.caught_in.read_text()).get("mail")
        except FileNotFoundError:
            return None


def _refusal(code: int, sentence: str) -> MailRefused | MailUnavailable:
    kind = MailRefused if code in _PERMANENT else MailUnavailable
    return kind(f"{sentence} ({code})")
