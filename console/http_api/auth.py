"""Sign-in and sign-out as plain HTML: cookies are only read at the websocket's connect, so the page loads anew."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from console import routes
from console.http_api import forms
from console.kit import application, session
from console.supervision import demo
from services import identity
from services.core.actor import Actor

router = APIRouter(include_in_schema=False)
_ANYBODY = Actor.system("sign-in")


@router.get(routes.SIGN_IN)
def show(request: Request, next: str = "/", lang: str = "") -> Response:
    """The form; somebody who is signed in goes on, under a new id when their rights have changed."""
    secret = session.secret_in(request.cookies)
    if session.look_up(secret) is not None:
        return RedirectResponse(forms.safe(next), status_code=303)
    with application.current().database.unit_of_work(_ANYBODY) as uow:
        renewed = identity.renew_session(uow, secret=secret) if secret else None
        half = identity.pending_session(uow, secret=secret) if secret and renewed is None else None
    if renewed is not None:
        return forms.carry_on(renewed, next)
    if half is not None:
        return RedirectResponse(forms.page_of(half.stage, next), status_code=303)
    return _form(request, next, lang)


@router.get(routes.ALIVE)
def alive(request: Request) -> Response:
    """Whether the cookie's session goes on: 204, else 401. Says nothing else, so anybody may ask."""
    known = session.look_up(session.secret_in(request.cookies))
    return Response(status_code=204 if known else 401)


@router.post(routes.SIGN_IN)
def sign_in(
    request: Request,
    email: Annotated[str, Form(max_length=320)],
    password: Annotated[str, Form(max_length=1024)],
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Opens a session and sets the cookie, or shows the form again with the reason."""
    app = application.current()
    with app.database.unit_of_work(_ANYBODY) as uow:
        outcome = identity.authenticate(
            uow,
            email=email,
            password=password,
            address=forms.address_of(request),
            user_agent=request.headers.get("user-agent"),
            lifetime=forms.session_lifetime(),
            require_factors=application.factors_by_default(),
        )
    if isinstance(outcome, identity.SignInRefused):
        return _form(request, next, "", email=email, refused=outcome)
    return forms.carry_on(outcome, next)


@router.post(routes.SIGN_OUT)
def sign_out(request: Request) -> Response:
    """Ends the session everywhere at once and clears what the tab kept, its client token above all."""
    secret = session.secret_in(request.cookies)
    person = session.look_up(secret)
    if person is not None:
        with application.current().database.unit_of_work(person.actor) as uow:
            identity.sign_out(uow, secret=secret)
    answer = RedirectResponse(routes.SIGN_IN, status_code=303)
    answer.delete_cookie(session.cookie_name(), path="/", secure=session.behind_tls(), httponly=True, samesite="lax")
    answer.headers["clear-site-data"] = '"storage"'
    return answer


def _form(
    request: Request, next_page: str, lang: str, *, email: str = "", refused: identity.SignInRefused | None = None
) -> Response:
    settings = application.current().settings
    return forms.page(
        request,
        "sign_in.html",
        title="title",
        subtitle="subtitle",
        lang=lang,
        next=forms.safe(next_page),
        email=email,
        refused=refused,
        nobody_yet=_nobody_yet(),
        demo_users=demo.people(settings) if settings.uses_sandbox else [],
        action=routes.SIGN_IN,
        forgotten=routes.FORGOTTEN,
        openid=f"{routes.OPENID}?next={quote(forms.safe(next_page), safe='')}" if application.current().openid else "",
    )


def _nobody_yet() -> bool:
    """Whether the console is new: then the page says how its first administrator is made."""
    with application.current().database.unit_of_work(_ANYBODY) as uow:
        return not identity.has_users(uow)
