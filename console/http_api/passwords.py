"""Setting a password: by a link from a mail, or one's own; and who forgot it asks here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from console import routes
from console.http_api import forms
from console.http_api.access import SignedIn
from console.http_api.second_factor import codes_page
from console.kit import application, session
from console.kit.notices import explain_error
from services import identity
from services.core.actor import Actor, ActorKind
from services.core.errors import DomainError, StepUpRequired
from services.identity import LinkPurpose

router = APIRouter(include_in_schema=False)
_PER_ADDRESS = "5/hour"


@router.get(routes.FORGOTTEN)
def forgotten(request: Request) -> Response:
    return forms.page(
        request, "forgotten.html", title="forgotten", subtitle="forgotten_body", action=routes.FORGOTTEN, sent=False
    )


@router.post(routes.FORGOTTEN)
def send_link(request: Request, email: Annotated[str, Form(max_length=320)]) -> Response:
    """Says the same whoever it is; the letter goes to the address alone, five times an hour at most."""
    app = application.current()
    if not app.rate_limits.wait(_PER_ADDRESS, "reset", email.strip().lower()):
        with app.database.unit_of_work(_stranger(request)) as uow:
            identity.ask_for_reset(uow, email=email)
    return forms.page(
        request, "forgotten.html", title="forgotten_sent", subtitle="forgotten_sent_body", sent=True, action=""
    )


@router.get(routes.LINK_FROM_MAIL)
def from_mail(request: Request) -> Response:
    """Where a link of a mail leads. Its secret stands behind the `#`, which no browser sends; a script posts it."""
    return forms.page(
        request,
        "link.html",
        title="link",
        subtitle="link_body",
        action=routes.LINK_FROM_MAIL,
        other_way=routes.FORGOTTEN,
    )


@router.post(routes.LINK_FROM_MAIL)
def by_link(
    request: Request,
    secret: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1024)] = "",
) -> Response:
    """The form behind a link; with a password it is set, or the form says what is wrong. The link works once."""
    app = application.current()
    with app.database.unit_of_work(_stranger(request)) as uow:
        purpose = identity.link_purpose(uow, secret=secret)
    if not password or purpose is None:
        return _choose(request, secret, purpose, "")
    try:
        vetted = identity.vet_password(password, app.breaches)
        with app.database.unit_of_work(_stranger(request)) as uow:
            identity.set_password_by_link(uow, secret=secret, password=vetted)
    except DomainError as error:
        return _choose(request, secret, purpose, explain_error(forms.locale_of(request), error)[1])
    return RedirectResponse(routes.SIGN_IN, status_code=303)


@router.get(routes.OWN_ENTRY)
def change(request: Request, person: SignedIn) -> Response:
    """The form for one's own password; asks for a proof first."""
    return _own(request, person.actor) or _change_form(request, person)


@router.post(routes.OWN_ENTRY)
def change_own(
    request: Request,
    person: SignedIn,
    password: Annotated[str, Form(max_length=1024)],
    present: Annotated[str, Form(max_length=1024)] = "",
) -> Response:
    """Replaces one's own password after the present one was given; the other sessions end."""
    if away := _own(request, person.actor):
        return away
    app = application.current()
    try:
        vetted = identity.vet_password(password, app.breaches)
        with app.database.unit_of_work(person.actor) as uow:
            refused = identity.change_password(uow, password=vetted, present=present)
    except DomainError as error:
        return _change_form(request, person, message=explain_error(person.locale, error)[1])
    if refused:
        return _change_form(request, person, refused=refused)
    return RedirectResponse(routes.ACCOUNT, status_code=303)


@router.get(routes.NEW_CODES)
def ask_for_codes(request: Request, person: SignedIn) -> Response:
    """Says what new codes mean; asks for a proof first."""
    return _own(request, person.actor) or forms.page(
        request, "new_codes.html", title="new_codes", subtitle="new_codes_body", action=routes.NEW_CODES
    )


@router.post(routes.NEW_CODES)
def new_codes(request: Request, person: SignedIn) -> Response:
    """Ten new recovery codes, shown this once; the old ones end."""
    if away := _own(request, person.actor):
        return away
    with application.current().database.unit_of_work(person.actor) as uow:
        codes = identity.new_recovery_codes(uow)
    return codes_page(request, codes, routes.ACCOUNT)


def _own(request: Request, actor: Actor) -> Response | None:
    """Away to the step-up when the last proof is too old."""
    try:
        actor.require_fresh_proof(application.current().database.clock.now())
    except StepUpRequired:
        return RedirectResponse(f"{routes.STEP_UP}?next={request.url.path}", status_code=303)
    return None


def _choose(request: Request, secret: str, purpose: LinkPurpose | None, wrong: str) -> Response:
    if purpose is None:
        answer = forms.page(
            request, "message.html", title="link_spent", subtitle="link_spent_body", to=routes.FORGOTTEN
        )
        answer.status_code = 410
        return answer
    return forms.page(
        request,
        "password.html",
        title=f"password_{purpose.value}",
        subtitle="password_rules",
        message=wrong,
        present=False,
        secret=secret,
        action=routes.LINK_FROM_MAIL,
    )


def _change_form(
    request: Request, person: session.Principal, *, message: str = "", refused: identity.SignInRefused | None = None
) -> Response:
    with application.current().database.unit_of_work(person.actor) as uow:
        has_one = "password" in identity.ways_to_prove(uow)
    return forms.page(
        request,
        "password.html",
        title="change_password",
        subtitle="password_rules",
        message=message,
        refused=refused,
        wrong="proof_wrong",
        present=has_one,
        secret="",
        action=routes.OWN_ENTRY,
    )


def _stranger(request: Request) -> Actor:
    return Actor(ActorKind.ANONYMOUS, None, "sign-in", address=forms.address_of(request))
