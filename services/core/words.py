"""A text in both languages, for what services themselves say to people: letters, and what an approval is about."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """English and German of the same thing; placeholders `{name}` stand in both."""

    en: str
    de: str

    def of(self, locale: str, **values: object) -> str:
        """The text in `locale` (`de`, anything else is English) with the values put in."""
        text = self.de if locale == "de" else self.en
        return text.format(**values) if values else text
