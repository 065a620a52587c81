"""Chat by incoming webhooks: a JSON body with `text`, as Slack, Mattermost, Rocket.Chat and Google Chat take it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr

from services.core.errors import Invalid, Unavailable
from services.core.settings import Settings

_TIMEOUT_SECONDS = 10.0


class ChatRefused(Invalid):
    """The webhook does not take messages: its address is wrong or was withdrawn."""

    code = "chat_refused"


class ChatUnavailable(Unavailable):
    """The chat did not answer, or asks to be tried again later."""

    code = "chat_unavailable"


@dataclass(frozen=True)
class ChatHooks:
    """One webhook a channel name. The addresses are secrets: whoever knows one may write."""

    webhooks: Mapping[str, SecretStr]
    caught_in: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> ChatHooks:
        """The configured channels; without any, the sandbox's catcher takes all of them."""
        caught = settings.data_dir / "sandbox" / "connection.json"
        none = not settings.chat.webhooks
        return cls(settings.chat.webhooks, caught if settings.uses_sandbox and none else None)

    def knows(self, channel: str) -> bool:
        return self._url(channel) is not None

    def post(self, channel: str, text: str) -> None:
        """Posts to a channel (its name without the mark). Raises ChatRefused for good, ChatUnavailable for now."""
        url = self._url(channel)
        if url is None:
            raise ChatRefused("No webhook is set up for this channel.")
        try:
            answer = httpx.post(url, json={"text": text, "channel": channel}, timeout=_TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            raise ChatUnavailable(f"The chat did not answer ({type(error).__name__}).") from None
        if answer.status_code == 429 or answer.status_code >= 500:
            raise ChatUnavailable(f"The chat asks to be tried again later ({answer.status_code}).")
        if not answer.is_success:
            raise ChatRefused(f"The chat refused the message ({answer.status_code}).")

    def _url(self, channel: str) -> str | None:
        known = self.webhooks.get(channel)
        if known is not None:
            return known.get_secret_value()
        if self.caught_in is None:
            return None
        try:
            return json.loads(self.caught_in.read_text()).get("chat")
        except FileNotFoundError:
            return None
