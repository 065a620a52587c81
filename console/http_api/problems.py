"""Errors of the HTTP face as problem+json (RFC 9457)."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from console.kit import backend
from services.core.errors import DomainError, ErrorKind

STATUS = {
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.INVALID: 422,
    ErrorKind.UNAVAILABLE: 503,
}


def install(app: FastAPI) -> None:
    """Domain errors by their kind; anything else with an incident id, logged once."""
    app.add_exception_handler(DomainError, _domain_error)  # pyright: ignore[reportArgumentType]
    app.add_exception_handler(Exception, _incident)


def problem(status: int, title: str, **members: object) -> JSONResponse:
    """One problem document."""
    return JSONResponse(
        {"type": "about:blank", "title": title, "status": status, **members},
        status_code=status,
        media_type="application/problem+json",
    )


async def _domain_error(_: Request, error: DomainError) -> JSONResponse:
    return problem(STATUS[error.kind], error.sentence, code=error.code)


async def _incident(_: Request, error: Exception) -> JSONResponse:
    return problem(500, "Something went wrong here. Nothing was changed.", incident=backend.report(error))
