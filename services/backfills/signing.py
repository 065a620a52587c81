"""Finance's signature under what the verification found, and the words for what deviates."""

from __future__ import annotations

import uuid
from typing import Any

from services import approvals
from services.backfills.errors import DeviationsOpen, NotAtWork
from services.backfills.models import Backfill
from services.backfills.service import S, locked, note, require, require_reason
from services.core import canonical_json
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.core.permissions import Permission

SIGN_OFF_APPROVAL = "backfills.sign_off"


def explain_deviation(uow: UnitOfWork, *, backfill_id: uuid.UUID, code: str, text: str) -> approvals.RequestView:
    """Says why a result of the verification is not what was promised. Finance is asked anew, with these words.

    Finance can reject a deviating verification at once, and sign it when each deviation is explained.
    """
    require(uow, Permission.BACKFILL_RUN)
    require_reason(text)
    row = locked(uow, backfill_id)
    if row.state != S.AWAITING_SIGNOFF or row.verification is None:
        raise NotAtWork("There is no verification that waits for Finance.")
    results = [dict(one) for one in row.verification["results"]]
    found = next((one for one in results if one["code"] == code and not one["held"]), None)
    if found is None:
        raise Invalid("This result does not deviate, so there is nothing to explain.")
    found["explained"] = {"text": text.strip(), "by": uow.actor.name}
    row.verification = dict(row.verification) | {"results": results}
    note(uow, row, "deviation_explained", reason=text.strip(), after={"code": code})
    return ask_signature(uow, row)


def ask_signature(uow: UnitOfWork, row: Backfill) -> approvals.RequestView:
    """Asks Finance in the name of whoever started it; an open request for another document is superseded."""
    starter = row.started_by or approvals.NOBODY
    asked = approvals.request(
        uow,
        kind=SIGN_OFF_APPROVAL,
        subject_type="backfill",
        subject_id=row.id,
        entity_id=None,
        content=signed_content(row),
        facts=approvals.ApprovalFacts(rows=(row.plan or {})["frozen"]["rows"]),
        requested_by=approvals.Requester(starter, row.started_by_name or "Kontor"),
    )
    row.signoff_request_id = asked.id
    uow.session.flush()
    return asked


def signed_content(row: Backfill) -> dict[str, Any]:
    """What Finance signs: the plan that was carried out, and what the verification found."""
    return {
        "backfill": str(row.id),
        "number": row.number,
        "plan": canonical_json.digest(row.plan),
        "verification": canonical_json.digest(row.verification),
        "rows": (row.plan or {})["frozen"]["rows"],
        "money": (row.plan or {})["frozen"]["money"],
    }


def check_explained(row: Backfill) -> None:
    """Raises DeviationsOpen."""
    left = [one["code"] for one in (row.verification or {})["results"] if not one["held"] and "explained" not in one]
    if left:
        raise DeviationsOpen(
            f"Not everything is as it was promised, and nobody has said why: {', '.join(left)}. Reject it, or have it"
            " explained first.",
            codes=left,
        )
