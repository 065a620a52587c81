"""Sign-in and sign-out as plain HTML: cookies are only read at the websocket's connect, so the page loads anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console import routes
from console.design.texts import tr
from console.design.theme import STYLESHEETS
from console.kit import application, session
from services import identity
from services.core.actor import Actor

router = APIRouter(include_in_schema=False)
_ANYBODY = Actor.system("sign-in")
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


@router.get(routes.SIGN_IN)
def show(request: Request, next: str = "/", lang: str = "") -> Response:
    """The form; somebody who is signed in goes on to the page."""
    if session.look_up(session.secret_in(request.cookies)) is not None:
        return RedirectResponse(_safe(next), status_code=303)
    return _form(request, next, lang)


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
            address=request.client.host if request.client else None,
            user_agent=request.headers.get("user-agent"),
        )
    if isinstance(outcome, identity.SignInRefused):
        return _form(request, next, "", email=email, refused=outcome)
    answer = RedirectResponse(_safe(next), status_code=303)
    answer.set_cookie(
        session.cookie_name(),
        outcome.value,
        httponly=True,
        samesite="lax",
        secure=session.behind_tls(),
        path="/",
    )
    _remember_looks(answer, outcome.value)
    return answer


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


def _remember_looks(answer: Response, secret: str) -> None:
    """Language and theme for the next sign-in page and for the first paint; nothing secret."""
    person = session.look_up(secret)
    if person is None:
        return
    for name, value in (("kontor_locale", person.locale), ("kontor_theme", person.signed_in.theme.value)):
        answer.set_cookie(name, value, max_age=31_536_000, samesite="lax", secure=session.behind_tls(), path="/")


def _form(
    request: Request, next_page: str, lang: str, *, email: str = "", refused: identity.SignInRefused | None = None
) -> Response:
    locale = _locale(request, lang)
    page = _templates.get_template("sign_in.html").render(
        locale=locale,
        other="en" if locale == "de" else "de",
        text=lambda key, **values: tr(locale, f"sign_in.{key}", **values),
        next=_safe(next_page),
        email=email,
        refused=refused,
        stylesheets=STYLESHEETS,
        theme=request.cookies.get("kontor_theme", "system"),
        demo_users=demo_users() if application.current().settings.uses_sandbox else [],
        action=routes.SIGN_IN,
    )
    answer = HTMLResponse(page, status_code=200 if refused is None else 401)
    if lang:
        answer.set_cookie("kontor_locale", locale, max_age=31_536_000, samesite="lax", path="/")
    return answer


def demo_users() -> list[dict[str, str]]:
    """The sandbox's people with their passwords, as its seed wrote them; they exist nowhere else."""
    file = application.current().settings.data_dir / "sandbox" / "demo_users.json"
    return json.loads(file.read_text()) if file.exists() else []


def _locale(request: Request, lang: str) -> str:
    wanted = lang or request.cookies.get("kontor_locale") or request.headers.get("accept-language", "en")
    return "de" if wanted.lower().startswith("de") else "en"


def _safe(target: str) -> str:
    """Only a path of this console; anything that a browser could read as another host becomes the overview."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\", "/auth/")) and "\\" not in target
    return target if plain and target.isprintable() else "/"
