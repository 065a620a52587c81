"""The report of the night and the evidence of breaks, as downloads."""

from __future__ import annotations

import uuid
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends
from starlette.responses import Response

from console.http_api.access import requires
from console.kit import application, session
from services import audit, reconciliation
from services.core.permissions import Permission

router = APIRouter(include_in_schema=False)
_Reader = Annotated[session.Principal, Depends(requires(Permission.RECONCILIATION_READ))]


@router.get("/reconciliation/report.pdf")
def report_pdf(person: _Reader, lang: str = "") -> Response:
    """The report as PDF, in the reader's language unless `lang` says another."""
    return _report(person, "pdf", lang)


@router.get("/reconciliation/report.xlsx")
def report_xlsx(person: _Reader, lang: str = "") -> Response:
    """The report as a workbook."""
    return _report(person, "xlsx", lang)


@router.get("/breaks/evidence/{evidence_id}")
def evidence(person: _Reader, evidence_id: uuid.UUID) -> Response:
    """A file of a break: always a download, never shown in the console's own origin."""
    with application.current().database.unit_of_work(person.actor) as uow:
        file, content = reconciliation.read_evidence(uow, evidence_id=evidence_id)
    return _download(content, file.media_type, file.name)


def _report(person: session.Principal, form: str, lang: str) -> Response:
    with application.current().database.unit_of_work(person.actor) as uow:
        report = reconciliation.nightly_report(uow)
        audit.record(
            uow,
            action="reconciliation.report.downloaded",
            subject_type="reconciliation_report",
            subject_id=report.day.isoformat(),
            after={"form": form},
        )
    file = reconciliation.report_file(report, form, locale=lang or person.locale)
    return _download(file.content, file.media_type, file.name)


def _download(content: bytes, media_type: str, name: str) -> Response:
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=media_type, headers=headers)
