"""Words of approvals: teams, states, decisions, tiers of a policy, kinds."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from services.core.permissions import Permission
from services.core.words import Words

if TYPE_CHECKING:
    from services.approvals.views import Description, RequestView
    from services.core.db import UnitOfWork

NOBODY = uuid.UUID(int=0)  # the requester of what the console itself asks for
CHAT = "#approvals"


class Team(StrEnum):
    FINANCE = "finance"
    OPS = "ops"
    DEV = "dev"


TEAM_RIGHTS: Mapping[Team, Permission] = MappingProxyType(
    {
        Team.FINANCE: Permission.APPROVAL_VOTE_FINANCE,
        Team.OPS: Permission.APPROVAL_VOTE_OPS,
        Team.DEV: Permission.APPROVAL_VOTE_DEV,
    }
)


class RequestState(StrEnum):
    """`approved`: every seat is taken, the work may start. `consumed`: it has started, once."""

    PENDING = "pending"
    APPROVED = "approved"
    CONSUMED = "consumed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class Box(StrEnum):
    """Which requests: those that wait for the reader, those the reader asked for, or all they may see."""

    WAITING = "waiting"
    MINE = "mine"
    ALL = "all"


class Tier(BaseModel):
    """One step of a policy: from which amount (minor units by currency) or how many rows, who has to agree.

    A tier applies when any of its thresholds is reached; an amount in a currency it does not name reaches it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quorum: dict[Team, int]
    expires_hours: int = Field(default=72, ge=1, le=24 * 90)
    from_amount: dict[str, int] = Field(default_factory=dict)
    from_rows: int | None = Field(default=None, ge=1)


@dataclass(frozen=True, slots=True)
class ApprovalFacts:
    """What decides over the risk: an amount in minor units with its currency, and how many rows are touched."""

    amount_minor: int | None = None
    currency: str | None = None
    rows: int | None = None


class Reached(StrEnum):
    """Why a step of a policy holds for a request: its rows or its amount reach a threshold, its currency has none in
    a policy that names others, or the step holds for everything."""

    ROWS = "rows"
    AMOUNT = "amount"
    CURRENCY = "currency"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Standing:
    """The step that holds, the facts that decided it, and why."""

    tier: Tier
    facts: ApprovalFacts
    reached: Reached


@dataclass(frozen=True, slots=True)
class Requester:
    """Somebody for whom the console asks: the person who started a run."""

    id: uuid.UUID
    name: str


@dataclass(frozen=True)
class ApprovalKind:
    """Something that needs other eyes. `tiers` hold until the policy is changed on its page.

    `describe` says what will happen, from the request's content alone or with a look at what stands now; it is
    called when the request is made (for its title) and whenever it is shown.
    """

    name: str
    title: Words
    tiers: tuple[Tier, ...]
    describe: Callable[[UnitOfWork, RequestView], Description]
