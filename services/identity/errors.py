"""Refusals of identity."""

from __future__ import annotations

from services.core.errors import Conflict, Invalid


class EmailTaken(Conflict):
    """Two people cannot share an address: it is what they sign in with."""

    code = "email_taken"


class RoleTaken(Conflict):
    """A role's short name is what grants refer to, so it exists once."""

    code = "role_taken"


class LastAdmin(Conflict):
    """Somebody must be left who may manage people."""

    code = "last_admin"


class LinkSpent(Invalid):
    """The link was used, replaced or has run out; a new one can be asked for."""

    code = "link_spent"


class WeakPassword(Invalid):
    """The password is too short or long, easily guessed, known from a breach, or one of the last five."""

    code = "weak_password"
