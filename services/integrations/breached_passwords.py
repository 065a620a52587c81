"""Whether a password is known from a breach, asked without telling it: only five characters of its SHA-1 leave."""

from __future__ import annotations

import hashlib
from importlib import resources

import httpx

from services.core.log import get_logger

_log = get_logger(__name__)


class BreachedPasswords:
    """The range API of Have I Been Pwned, or of a mirror; a short list of our own when it cannot be reached."""

    def __init__(self, address: str | None, *, timeout: float = 2.0) -> None:
        self._address = address
        self._timeout = timeout

    def knows(self, password: str) -> bool:
        """Whether this password is going to be guessed. Never raises; asks the network: keep it out of transactions."""
        return password.casefold() in _commonest() or self._reported(password)

    def _reported(self, password: str) -> bool:
        if not self._address:
            return False
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
        try:
            # Padding hides from who listens how many suffixes the range has.
            answer = httpx.get(
                f"{self._address.rstrip('/')}/{digest[:5]}", headers={"Add-Padding": "true"}, timeout=self._timeout
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            _log.warning("identity.breaches.unreachable", error=type(error).__name__)
            return False
        return any(
            suffix == digest[5:] and count.strip() != "0"
            for suffix, _, count in (line.partition(":") for line in answer.text.splitlines())
        )


_LIST: frozenset[str] = frozenset()


def _commonest() -> frozenset[str]:
    global _LIST  # noqa: PLW0603 - read once
    if not _LIST:
        text = resources.files("services.integrations").joinpath("common_passwords.txt").read_text()
        _LIST = frozenset(text.split("\n")) - {""}
    return _LIST
