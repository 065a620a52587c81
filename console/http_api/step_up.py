"""Proving again who sits there, as plain HTML or for the dialog's script; the session stays as it is."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from console import routes
from console.http_api import forms
from console.http_api.access import SignedIn
from console.kit import application, session
from services import identity

router = APIRouter(include_in_schema=False)


class Proof(BaseModel):
    """One of three answers, and where to go on."""

    password: str = Field(default="", max_length=1024, repr=False)
    code: str = Field(default="", max_length=40, repr=False)
    passkey: str = Field(default="", max_length=20_000, repr=False)
    next: str = Field(default="/", max_length=2000)


@router.get(routes.STEP_UP)
def show(request: Request, person: SignedIn, next: str = "/") -> Response:
    """The form for a browser without the dialog's script."""
    return _form(request, person, next, None)


@router.post(routes.STEP_UP)
def prove(
    request: Request,
    person: SignedIn,
    proof: Annotated[Proof, Form()],
) -> Response:
    """Notes the proof and goes back to where the person was, or says why not."""
    with application.current().database.unit_of_work(person.actor) as uow:
        if proof.passkey:
            refused = identity.prove_by_passkey(uow, answer=proof.passkey, party=forms.relying_party())
        elif proof.code:
            refused = identity.prove_by_code(uow, code=proof.code)
        else:
            refused = identity.prove_by_password(uow, password=proof.password)
    if "application/json" in request.headers.get("accept", ""):
        return _spoken(person.locale, refused)
    if refused:
        return _form(request, person, proof.next, refused)
    return RedirectResponse(forms.safe(proof.next), status_code=303)


@router.post(routes.STEP_UP_PASSKEY)
def ask(person: SignedIn) -> Response:
    """What the browser is to sign."""
    with application.current().database.unit_of_work(person.actor) as uow:
        options = identity.passkey_for_proof(uow, party=forms.relying_party())
    return Response(options, media_type="application/json")


def _spoken(locale: str, refused: identity.SignInRefused | None) -> Response:
    if refused is None:
        return Response(status_code=204)
    sentence = forms.explained(locale, refused, "proof_wrong")
    return JSONResponse({"title": sentence}, forms.status_of(refused), headers=forms.retry_header(refused))


def _form(
    request: Request, person: session.Principal, next_page: str, refused: identity.SignInRefused | None
) -> Response:
    app = application.current()
    with app.database.unit_of_work(person.actor) as uow:
        ways = identity.ways_to_prove(uow)
    provider = f"{routes.STEP_UP_OPENID}?next={quote(forms.safe(next_page), safe='')}"
    return forms.page(
        request,
        "step_up.html",
        title="step_up",
        subtitle="step_up_body",
        refused=refused,
        wrong="proof_wrong",
        next=forms.safe(next_page),
        action=routes.STEP_UP,
        passkey_options=routes.STEP_UP_PASSKEY,
        ways=ways,
        openid=provider if app.openid and "openid" in ways else "",
    )
