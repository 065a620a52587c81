"""Errors of the HTTP face as problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from console.kit import backend
from console.kit.arguments import what_instead
from services.core.errors import DomainError, ErrorKind

STATUS = {
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.INVALID: 422,
    ErrorKind.UNAVAILABLE: 503,
}

# What a description of routes says of 422.
DESCRIBED: dict[str, Any] = {
    "description": "What cannot be used, and what to write instead.",
    "content": {"application/problem+json": {}},
}


def install(app: FastAPI) -> None:
    """Domain errors by their kind, arguments that cannot be read; anything else with an incident id, logged once."""
    app.add_exception_handler(DomainError, _domain_error)  # pyright: ignore[reportArgumentType]
    app.add_exception_handler(RequestValidationError, _not_understood)  # pyright: ignore[reportArgumentType]
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


async def _not_understood(_: Request, error: RequestValidationError) -> JSONResponse:
    """The first part of the path, the query or the body that is not what it has to be, and nothing else of the body."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"][1:]) or "body"
    return problem(422, what_instead(first, field), code="invalid", field=field)


async def _incident(_: Request, error: Exception) -> JSONResponse:
    return problem(500, "Something went wrong here. Nothing was changed.", incident=backend.report(error))
