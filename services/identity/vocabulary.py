"""Words of identity."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    FINANCE = "finance"
    OPS = "ops"
    DEV = "dev"
    AUDITOR = "auditor"
    ADMIN = "admin"


def role_named(code: str) -> Role | str:
    """One of the code's roles, or the code of a custom one as it is."""
    return Role(code) if code in {role.value for role in Role} else code


class Locale(StrEnum):
    ENGLISH = "en"
    GERMAN = "de"


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


SESSION_CHANNEL = "kontor_session"  # NOTIFY with a session's id: it has ended, close its sockets


class SessionStage(StrEnum):
    """What a session still lacks before it opens anything."""

    OPEN = "open"
    FACTOR = "factor"
    ENROLMENT = "enrolment"


class LinkPurpose(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"
