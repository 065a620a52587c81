"""Signing in through the organisation's OpenID provider. The network is asked outside any transaction."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from console import routes
from console.http_api import forms
from console.kit import application, session
from console.kit.notices import explain_error
from services import identity
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.errors import DomainError, NotFound

router = APIRouter(include_in_schema=False)
_ANYBODY = Actor.system("sign-in")
_COOKIE = "kontor_openid"


@router.get(routes.OPENID)
def begin(request: Request, next: str = "/") -> Response:
    """To the provider; a short-lived cookie binds the attempt to this browser."""
    app = application.current()
    try:
        provider = app.openid
        if provider is None:
            raise NotFound("There is no single sign-on here.")
        with app.database.unit_of_work(_ANYBODY) as uow:
            begun = identity.begin_foreign_sign_in(uow, next_page=forms.safe(next))
        to = provider.address(redirect=_redirect(app), state=begun.state, nonce=begun.nonce, verifier=begun.verifier)
    except DomainError as error:
        return _refused(request, error)
    answer = RedirectResponse(to, status_code=303)
    answer.set_cookie(
        _COOKIE, begun.browser, max_age=600, httponly=True, samesite="lax", secure=session.behind_tls(), path="/auth"
    )
    return answer


@router.get(routes.OPENID_BACK)
def back(request: Request, code: str = "", state: str = "") -> Response:
    """From the provider: the code is exchanged, the token checked, the session opened."""
    app = application.current()
    try:
        provider = app.openid
        if provider is None or not code or not state:
            raise NotFound("The sign-in service sent nothing that can be used. Begin again.")
        with app.database.unit_of_work(_ANYBODY) as uow:
            begun = identity.take_foreign_sign_in(uow, state=state, browser=request.cookies.get(_COOKIE, ""))
        vouched = provider.vouched(redirect=_redirect(app), code=code, verifier=begun.verifier, nonce=begun.nonce)
        rules = app.settings.openid
        with app.database.unit_of_work(_ANYBODY) as uow:
            secret = identity.sign_in_foreign(
                uow,
                vouched=vouched,
                groups=identity.GroupRoles(rules.group_roles, rules.create),
                browser=identity.Browser(forms.address_of(request), request.headers.get("user-agent")),
                lifetime=forms.session_lifetime(),
            )
    except DomainError as error:
        return _refused(request, error)
    answer = forms.carry_on(secret, begun.next_page)
    answer.delete_cookie(_COOKIE, path="/auth")
    return answer


def _redirect(app: Application) -> str:
    return app.settings.public_url.rstrip("/") + routes.OPENID_BACK


def _refused(request: Request, error: DomainError) -> Response:
    body = explain_error(forms.locale_of(request), error)[1]
    answer = forms.page(request, "message.html", title="not_possible", to=routes.SIGN_IN, message=body)
    answer.status_code = 403
    return answer
