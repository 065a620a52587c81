"""The second half of a sign-in, and enrolling factors: plain HTML, because it comes before any page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

import segno
from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from console import routes
from console.http_api import forms
from console.kit import application, session
from services import identity
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import DomainError, Forbidden, StepUpRequired
from services.identity import SessionStage, SignInRefused

router = APIRouter(include_in_schema=False)
_ANYBODY = Actor.system("sign-in")
_T = TypeVar("_T")
_Next = Annotated[str, Form(max_length=2000)]


@router.get(routes.FACTOR)
def show(request: Request, next: str = "/") -> Response:
    """Asks for the code or the passkey; without a half sign-in it leads to the sign-in."""
    half = _half(request)
    if half is None or half.stage is not SessionStage.FACTOR:
        return _to_sign_in(next)
    return _factor_form(request, half, next, None)


@router.post(routes.FACTOR)
def finish(
    request: Request,
    code: Annotated[str, Form(max_length=40)] = "",
    passkey: Annotated[str, Form(max_length=20_000)] = "",
    next: _Next = "/",
) -> Response:
    """Opens the session under a new id, or says why not."""
    half = _half(request)
    if half is None or half.stage is not SessionStage.FACTOR:
        return _to_sign_in(next)
    with application.current().database.unit_of_work(half.actor) as uow:
        lifetime = forms.session_lifetime()
        if passkey:
            done = identity.finish_by_passkey(uow, answer=passkey, party=forms.relying_party(), lifetime=lifetime)
        else:
            done = identity.finish_by_code(uow, code=code, lifetime=lifetime)
    return _factor_form(request, half, next, done) if isinstance(done, SignInRefused) else forms.carry_on(done, next)


@router.post(routes.FACTOR_PASSKEY)
def ask(request: Request) -> Response:
    """What the browser is to sign."""
    half = _half(request)
    if half is None:
        raise Forbidden("Sign in first.")
    with application.current().database.unit_of_work(half.actor) as uow:
        return _json(identity.passkey_for_sign_in(uow, party=forms.relying_party()))


@router.get(routes.ENROL)
def enrol(request: Request, next: str = "/") -> Response:
    """Which factor it shall be: for somebody who has to, and for somebody signed in who wants another."""
    actor = _enrolling(request)
    if actor is None:
        return _to_sign_in(next)
    try:
        if actor.proved_at is not None:
            actor.require_fresh_proof(application.current().database.clock.now())
    except StepUpRequired:
        return RedirectResponse(f"{routes.STEP_UP}?next={routes.ENROL}", status_code=303)
    return _enrol_form(request, next)


@router.post(routes.ENROL_APP)
def begin_app(request: Request, next: _Next = "/") -> Response:
    """A new seed as a picture to scan."""
    return _app_form(request, next, "")


@router.post(routes.ENROL_APP_CONFIRM)
def confirm_app(request: Request, code: Annotated[str, Form(max_length=40)] = "", next: _Next = "/") -> Response:
    """Takes the first code; shows the recovery codes when it is the first factor."""
    try:
        codes = _as_enrolling(request, lambda uow: identity.confirm_totp(uow, code=code))
    except DomainError as error:
        if isinstance(error, Forbidden):
            raise
        return _app_form(request, next, error.code)
    return _enrolled(request, codes, next)


@router.post(routes.ENROL_PASSKEY)
def begin_passkey(request: Request) -> Response:
    """The options with which the browser makes a passkey."""
    return _json(_as_enrolling(request, lambda uow: identity.begin_passkey(uow, party=forms.relying_party())))


@router.post(routes.ENROL_PASSKEY_CONFIRM)
def confirm_passkey(
    request: Request,
    passkey: Annotated[str, Form(max_length=20_000)],
    label: Annotated[str, Form(max_length=60)] = "",
    next: _Next = "/",
) -> Response:
    """Keeps the passkey; shows the recovery codes when it is the first factor."""
    party = forms.relying_party()
    codes = _as_enrolling(request, lambda uow: identity.finish_passkey(uow, party=party, answer=passkey, label=label))
    return _enrolled(request, codes, next)


@router.post(routes.ENROL_DONE)
def done(request: Request, next: _Next = "/") -> Response:
    """After the codes were kept: the session opens, or the person goes back to where they were."""
    half = _half(request)
    if half is None:
        return RedirectResponse(forms.safe(next), status_code=303)
    with application.current().database.unit_of_work(half.actor) as uow:
        opened = identity.finish_enrolment(uow, lifetime=forms.session_lifetime())
    return forms.carry_on(opened, next)


def codes_page(request: Request, codes: list[str], next_page: str) -> Response:
    """Recovery codes, this once."""
    return forms.page(
        request,
        "codes.html",
        title="codes",
        subtitle="codes_body",
        codes=codes,
        next=forms.safe(next_page),
        action=routes.ENROL_DONE,
    )


def _half(request: Request) -> identity.PendingSession | None:
    secret = session.secret_in(request.cookies)
    if not secret:
        return None
    with application.current().database.unit_of_work(_ANYBODY) as uow:
        return identity.pending_session(uow, secret=secret)


def _enrolling(request: Request) -> Actor | None:
    """Whoever may enrol here: somebody signed in, or somebody whose sign-in waits for it."""
    person = session.look_up(session.secret_in(request.cookies))
    if person is not None:
        return person.actor
    half = _half(request)
    return half.actor if half is not None and half.stage is SessionStage.ENROLMENT else None


def _as_enrolling(request: Request, deed: Callable[[UnitOfWork], _T]) -> _T:
    actor = _enrolling(request)
    if actor is None:
        raise Forbidden("Sign in first.")
    with application.current().database.unit_of_work(actor) as uow:
        return deed(uow)


def _enrolled(request: Request, codes: list[str], next_page: str) -> Response:
    if codes:
        return codes_page(request, codes, next_page)
    return RedirectResponse(forms.safe(next_page), status_code=303)


def _factor_form(
    request: Request, half: identity.PendingSession, next_page: str, refused: SignInRefused | None
) -> Response:
    return forms.page(
        request,
        "factor.html",
        title="factor",
        subtitle="factor_body",
        refused=refused,
        wrong="proof_wrong",
        next=forms.safe(next_page),
        has_passkey=half.has_passkey,
        has_totp=half.has_totp,
        action=routes.FACTOR,
        passkey_options=routes.FACTOR_PASSKEY,
        sign_out=routes.SIGN_OUT,
    )


def _enrol_form(request: Request, next_page: str) -> Response:
    return forms.page(
        request,
        "enrol.html",
        title="enrol",
        subtitle="enrol_body",
        next=forms.safe(next_page),
        app=routes.ENROL_APP,
        passkey_options=routes.ENROL_PASSKEY,
        passkey_confirm=routes.ENROL_PASSKEY_CONFIRM,
    )


def _app_form(request: Request, next_page: str, wrong: str) -> Response:
    new = _as_enrolling(request, identity.begin_totp)
    picture = segno.make(new.uri, micro=False).svg_data_uri(scale=4, border=3, light="#fff")
    return forms.page(
        request,
        "enrol_app.html",
        title="enrol_app",
        subtitle="enrol_app_body",
        refused=SignInRefused() if wrong else None,
        wrong="code_wrong",
        picture=picture,
        seed=" ".join(new.seed[i : i + 4] for i in range(0, len(new.seed), 4)),
        next=forms.safe(next_page),
        action=routes.ENROL_APP_CONFIRM,
    )


def _to_sign_in(next_page: str) -> Response:
    return RedirectResponse(f"{routes.SIGN_IN}?next={forms.safe(next_page)}", status_code=303)


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")
