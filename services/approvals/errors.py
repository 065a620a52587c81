"""Refusals of approvals."""

from __future__ import annotations

from services.core.errors import Conflict, Forbidden, Invalid, NotFound


class RequestNotFound(NotFound):
    """No such request in the entities one may see."""

    code = "approval_not_found"


class RequestClosed(Conflict):
    """The request is no longer waiting: decided, withdrawn, expired, superseded or already used."""

    code = "approval_closed"


class StaleDigest(Conflict):
    """The request is not the one the voter looked at."""

    code = "approval_stale"


class OwnRequest(Forbidden):
    """Nobody agrees to what they asked for themselves, in their own name or in another's."""

    code = "approval_own_request"


class NotInTeam(Forbidden):
    """The policy asks for another team, or all its seats of this person's teams are taken."""

    code = "approval_not_in_team"


class AlreadyVoted(Conflict):
    """One person, one vote, whatever teams they are in and whoever they stand in for."""

    code = "approval_already_voted"


class ReasonNeeded(Invalid):
    """A rejection says why, in at least eight characters."""

    code = "approval_reason"


class NotApproved(Conflict):
    """The work cannot start: its request is not approved, or its time is over."""

    code = "approval_not_approved"


class ContentChanged(Conflict):
    """What is about to be done is not what was agreed to."""

    code = "approval_content_changed"


class StalePolicy(Conflict):
    """Somebody else changed the policy meanwhile."""

    code = "approval_policy_stale"


class BadPolicy(Invalid):
    """A policy that nobody could fulfil, or that leaves a gap."""

    code = "approval_policy_invalid"


class BadDelegation(Invalid):
    """Nobody stands in for themselves, for the past, or down a chain."""

    code = "approval_delegation_invalid"
