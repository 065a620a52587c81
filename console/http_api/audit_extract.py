"""The audit log with its proofs, as a ZIP that checks itself without us."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse

from console.http_api.access import requires
from console.kit import application, session
from services import audit, identity
from services.audit import AuditFilter
from services.bootstrap import audit_keys
from services.core.permissions import Permission

router = APIRouter(include_in_schema=False)
_CHUNK = 64 * 1024


@router.get("/audit/extract.zip")
def extract(
    request: Request, person: Annotated[session.Principal, Depends(requires(Permission.AUDIT_READ))]
) -> StreamingResponse:
    """The entries of the address's filter with proofs, checkpoint, keys and verifier. The taking away is audited."""
    filters = {key: value for key, value in request.query_params.items() if len(value) <= 200}
    app = application.current()
    file = tempfile.TemporaryFile()  # noqa: SIM115
    with app.database.unit_of_work(person.actor) as uow:
        shown = identity.legal_entities(uow, permission=Permission.AUDIT_READ)
        wanted = AuditFilter.from_address(filters, shown[0].time_zone if shown else "UTC")
        head = audit.write_bundle(uow, file=file, filter=wanted, verifiers=audit_keys(app.settings).verifiers())
        audit.record(
            uow,
            action="audit.extract.taken",
            subject_type="export",
            subject_id="audit",
            after={"filters": filters, "checkpoint": head.size},
        )
    file.seek(0)
    names = {"content-disposition": f'attachment; filename="audit-{head.size}.zip"'}
    return StreamingResponse(_chunks(file), media_type="application/zip", headers=names)


def _chunks(file: Any) -> Iterator[bytes]:
    with file:
        while piece := file.read(_CHUNK):
            yield piece
