"""Beginning and ending an impersonation: plain routes, because the cookie changes."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import RedirectResponse, Response

from console import routes
from console.http_api import forms
from console.http_api.access import SignedIn, requires
from console.kit import application, session
from console.kit.notices import explain_error
from services import identity
from services.core.errors import DomainError, StepUpRequired
from services.core.permissions import Permission

router = APIRouter(include_in_schema=False)


@router.post(routes.IMPERSONATE)
def begin(
    request: Request,
    person: Annotated[session.Principal, Depends(requires(Permission.IMPERSONATE))],
    user_id: Annotated[uuid.UUID, Form()],
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Opens the console as somebody else, or says why not."""
    try:
        with application.current().database.unit_of_work(person.actor) as uow:
            secret = identity.impersonate(uow, user_id=user_id, reason=reason)
    except StepUpRequired:
        return RedirectResponse(f"{routes.STEP_UP}?next={routes.ACCESS}", status_code=303)
    except DomainError as error:
        body = explain_error(person.locale, error)[1]
        return forms.page(request, "message.html", title="not_possible", to=routes.ACCESS, message=body)
    return forms.carry_on(secret, "/")


@router.post(routes.IMPERSONATE_END)
def end(person: SignedIn) -> Response:
    """Back to oneself."""
    with application.current().database.unit_of_work(person.actor) as uow:
        secret = identity.end_impersonation(uow)
    return forms.carry_on(secret, routes.ACCESS)
