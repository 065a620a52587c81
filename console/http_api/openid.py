"""Signing in, and proving again who one is, through the organisation's OpenID provider.

The network is asked outside any transaction.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from console import routes
from console.http_api import forms
from console.http_api.access import SignedIn
from console.kit import application, session
from console.kit.notices import explain_error
from services import identity
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.errors import DomainError, Forbidden, NotFound
from services.integrations.openid import OpenIdProvider, Vouched

router = APIRouter(include_in_schema=False)
_ANYBODY = Actor.system("sign-in")
_COOKIE = "kontor_openid"


@router.get(routes.OPENID)
def begin(request: Request, next: str = "/") -> Response:
    """To the provider; a short-lived cookie binds the attempt to this browser."""
    app = application.current()
    try:
        provider = _provider(app)
        with app.database.unit_of_work(_ANYBODY) as uow:
            begun = identity.begin_foreign_sign_in(uow, next_page=forms.safe(next))
        return _away(provider, begun)
    except DomainError as error:
        return _refused(request, error, routes.SIGN_IN)


@router.get(routes.STEP_UP_OPENID)
def prove(request: Request, person: SignedIn, next: str = "") -> Response:
    """To the provider, who is to ask anew; back to `next`, or to the page that led here."""
    app, target = application.current(), forms.safe(next or _path(request.headers.get("referer", "")))
    try:
        provider = _provider(app)
        with app.database.unit_of_work(person.actor) as uow:
            begun = identity.begin_foreign_proof(uow, next_page=target)
        return _away(provider, begun, again=True)
    except DomainError as error:
        return _refused(request, error, target)


@router.get(routes.OPENID_BACK)
def back(request: Request, code: str = "", state: str = "") -> Response:
    """From the provider: the code is exchanged, the token checked, the session opened or the proof noted."""
    app, to = application.current(), routes.SIGN_IN
    try:
        provider = _provider(app)
        if not code or not state:
            raise NotFound("The sign-in service sent nothing that can be used. Begin again.")
        with app.database.unit_of_work(_ANYBODY) as uow:
            browser = request.cookies.get(session.cookie_name(_COOKIE), "")
            begun = identity.take_foreign_sign_in(uow, state=state, browser=browser)
        to = begun.next_page if begun.proves_session else to
        vouched = provider.vouched(redirect=_redirect(app), code=code, verifier=begun.verifier, nonce=begun.nonce)
        answer = _proved(request, vouched, begun) if begun.proves_session else _signed_in(request, vouched, begun)
    except DomainError as error:
        return _refused(request, error, to)
    answer.delete_cookie(session.cookie_name(_COOKIE), path="/", secure=session.behind_tls(), httponly=True)
    return answer


def _provider(app: Application) -> OpenIdProvider:
    if app.openid is None:
        raise NotFound("There is no single sign-on here.")
    return app.openid


def _away(provider: OpenIdProvider, begun: identity.BegunSignIn, *, again: bool = False) -> Response:
    to = provider.address(
        redirect=_redirect(application.current()),
        state=begun.state,
        nonce=begun.nonce,
        verifier=begun.verifier,
        again=again,
    )
    answer = RedirectResponse(to, status_code=303)
    name, secure = session.cookie_name(_COOKIE), session.behind_tls()
    answer.set_cookie(name, begun.browser, max_age=600, httponly=True, samesite="lax", secure=secure, path="/")
    return answer


def _signed_in(request: Request, vouched: Vouched, begun: identity.BegunSignIn) -> Response:
    app = application.current()
    rules = app.settings.openid
    with app.database.unit_of_work(_ANYBODY) as uow:
        secret = identity.sign_in_foreign(
            uow,
            vouched=vouched,
            groups=identity.GroupRoles(rules.group_roles, rules.create),
            browser=identity.Browser(forms.address_of(request), request.headers.get("user-agent")),
            lifetime=forms.session_lifetime(),
        )
    if isinstance(secret, identity.SignInRefused):
        raise Forbidden("You have no account here. An administrator can add one.")
    return forms.carry_on(secret, begun.next_page)


def _proved(request: Request, vouched: Vouched, begun: identity.BegunSignIn) -> Response:
    person = session.look_up(session.secret_in(request.cookies))
    if person is None:
        raise Forbidden("This session has ended. Sign in again.")
    with application.current().database.unit_of_work(person.actor) as uow:
        identity.prove_foreign(uow, vouched=vouched, begun=begun)
    return RedirectResponse(begun.next_page, status_code=303)


def _redirect(app: Application) -> str:
    return app.settings.public_url.rstrip("/") + routes.OPENID_BACK


def _path(address: str) -> str:
    """The path and query of an address of ours; what leads elsewhere is dropped by `forms.safe`."""
    parts = urlsplit(address)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _refused(request: Request, error: DomainError, to: str) -> Response:
    body = explain_error(forms.locale_of(request), error)[1]
    answer = forms.page(request, "message.html", title="not_possible", to=to, message=body)
    answer.status_code = 403
    return answer
