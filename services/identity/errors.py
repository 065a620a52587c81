"""Refusals of identity."""

from __future__ import annotations

from services.core.errors import Conflict, Invalid


class EmailTaken(Conflict):
    """Two people cannot share an address: it is what they sign in with."""

    code = "email_taken"


class LastAdmin(Conflict):
    """Somebody must be left who may manage people."""

    code = "last_admin"


class WeakPassword(Invalid):
    """The password is too short, too long or contains the address."""

    code = "weak_password"
