"""Words of identity."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    FINANCE = "finance"
    OPS = "ops"
    DEV = "dev"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Locale(StrEnum):
    ENGLISH = "en"
    GERMAN = "de"


class Theme(StrEnum):
    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"
