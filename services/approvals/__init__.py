"""Approvals: nobody does alone what needs two.

A domain declares a kind in `bootstrap` and then takes one of two ways:

*Ask, and act when it is approved.* `request(...)` makes a request; people vote on its page, over HTTP or on the
command line. Subscribe to `approvals.request_approved` in `bootstrap` and, for requests of one's own kind, call
`consume(uow, request_id=…, content=…)` and do the work, in the voter's transaction; or do both later, when a person
starts it. `consume` recomputes the digest: pass the content as it would be done now.

*One click of a second person.* Where somebody has already started the thing (a run) and somebody else signs for it,
`sign_at_once(uow, kind=…, subject_type=…, subject_id=…, entity_id=…, content=…, facts=…,
requested_by=Requester(starter_id, starter_name), reason=…)` makes the request in the starter's name (NOBODY for the
console itself), casts the actor's vote and uses the approval up, all in the caller's transaction. Go on only when
the view's state is CONSUMED; PENDING means that the policy wants further people, whose clicks come the same way. The
refusals (own request, wrong team, vote cast already, stale proof) come as errors. If a handler of the same kind acts
on `approvals.request_approved`, as it must for votes cast on the request's page, the state is CONSUMED on return and
the work is done: act in the handler alone.

`content` must be the same at every click until the request ends, so it holds what is signed, not when or by whom.
A row that stands for the finished work should point at `approval_consumption.request_id` by a foreign key: then it
cannot exist without its approval, whoever writes.
"""

from services.approvals.delegations import candidates, delegate, delegations, revoke_delegation
from services.approvals.errors import (
    AlreadyVoted,
    BadDelegation,
    BadPolicy,
    ContentChanged,
    NotApproved,
    NotInTeam,
    OwnRequest,
    ReasonNeeded,
    RequestClosed,
    RequestNotFound,
    StaleDigest,
    StalePolicy,
)
from services.approvals.expiry import expire_due, remind_due
from services.approvals.kinds import declare, declared_kinds, kind_named
from services.approvals.policies import POLICY_CHANGE, apply_policy_change, propose_policy
from services.approvals.policy import digest_of
from services.approvals.queries import (
    count_waiting,
    policies,
    request_by_number,
    request_detail,
    request_for,
    requests,
    standing,
    waiting,
)
from services.approvals.rights import RIGHTS, change_rights, change_role, give_role, let_in_again
from services.approvals.service import consume, request, sign_at_once, void, vote, withdraw
from services.approvals.views import (
    Authority,
    Change,
    DelegationView,
    Description,
    Line,
    PolicyView,
    RequestDetail,
    RequestFilter,
    RequestPage,
    RequestView,
    SeatView,
    VoteView,
)
from services.approvals.vocabulary import (
    NOBODY,
    TEAM_RIGHTS,
    ApprovalFacts,
    ApprovalKind,
    Box,
    Decision,
    Reached,
    Requester,
    RequestState,
    Standing,
    Team,
    Tier,
)

__all__ = [
    "NOBODY",
    "POLICY_CHANGE",
    "RIGHTS",
    "TEAM_RIGHTS",
    "AlreadyVoted",
    "ApprovalFacts",
    "ApprovalKind",
    "Authority",
    "BadDelegation",
    "BadPolicy",
    "Box",
    "Change",
    "ContentChanged",
    "Decision",
    "DelegationView",
    "Description",
    "Line",
    "NotApproved",
    "NotInTeam",
    "OwnRequest",
    "PolicyView",
    "Reached",
    "ReasonNeeded",
    "RequestClosed",
    "RequestDetail",
    "RequestFilter",
    "RequestNotFound",
    "RequestPage",
    "RequestState",
    "RequestView",
    "Requester",
    "SeatView",
    "StaleDigest",
    "StalePolicy",
    "Standing",
    "Team",
    "Tier",
    "VoteView",
    "apply_policy_change",
    "candidates",
    "change_rights",
    "change_role",
    "consume",
    "count_waiting",
    "declare",
    "declared_kinds",
    "delegate",
    "delegations",
    "digest_of",
    "expire_due",
    "give_role",
    "kind_named",
    "let_in_again",
    "policies",
    "propose_policy",
    "remind_due",
    "request",
    "request_by_number",
    "request_detail",
    "request_for",
    "requests",
    "revoke_delegation",
    "sign_at_once",
    "standing",
    "void",
    "vote",
    "waiting",
    "withdraw",
]
