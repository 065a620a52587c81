"""What the plain HTML pages share: language, the frame, the way on, and who is asking."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from console import routes
from console.design.texts import tr
from console.design.theme import STYLESHEETS
from console.kit import application, session
from services import identity

# Steps that ask for a proof first, and are come back to.
_OURS = frozenset({routes.ENROL, routes.OWN_ENTRY, routes.NEW_CODES})
_YEAR = 31_536_000
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


def page(request: Request, template: str, *, title: str, subtitle: str = "", lang: str = "", **values: Any) -> Response:
    """One HTML page in the reader's language; `title` and `subtitle` are keys of the sign-in texts.

    `refused` among the values is what was refused: it decides the status (401, or 429 with Retry-After).
    """
    locale = locale_of(request, lang)
    refused: identity.SignInRefused | None = values.pop("refused", None)
    text = _templates.get_template(template).render(
        locale=locale,
        other="en" if locale == "de" else "de",
        text=lambda key, **data: tr(locale, f"sign_in.{key}", **data),
        title=tr(locale, f"sign_in.{title}"),
        subtitle=tr(locale, f"sign_in.{subtitle}") if subtitle else "",
        refused=explained(locale, refused, values.pop("wrong", "wrong")),
        stylesheets=STYLESHEETS,
        **values,
    )
    answer = HTMLResponse(text, status_code=status_of(refused), headers=retry_header(refused))
    if lang:
        _remember(answer, "kontor_locale", locale)
    return answer


def explained(locale: str, refused: identity.SignInRefused | None, wrong: str) -> str:
    """The sentence for a refusal, empty for none; `wrong` is the text key when nobody has to wait."""
    if refused is None:
        return ""
    if refused.retry_after:
        return tr(locale, "sign_in.wait", seconds=refused.retry_after)
    return tr(locale, f"sign_in.{wrong}")


def status_of(refused: identity.SignInRefused | None) -> int:
    if refused is None:
        return 200
    return 429 if refused.retry_after else 401


def retry_header(refused: identity.SignInRefused | None) -> dict[str, str]:
    return {"retry-after": str(refused.retry_after)} if refused and refused.retry_after else {}


def locale_of(request: Request, lang: str = "") -> str:
    kept = request.cookies.get(session.cookie_name("kontor_locale"))
    wanted = lang or kept or request.headers.get("accept-language", "en")
    return "de" if wanted.lower().startswith("de") else "en"


def remember_looks(answer: Response, person: session.Principal) -> None:
    """Language and theme for the next sign-in page and for the first paint; nothing secret."""
    _remember(answer, "kontor_locale", person.locale)
    _remember(answer, "kontor_theme", person.signed_in.theme.value)


def _remember(answer: Response, name: str, value: str) -> None:
    """Readable by the page's own script, which paints before the first answer of the server."""
    full, secure = session.cookie_name(name), session.behind_tls()
    answer.set_cookie(full, value, max_age=_YEAR, samesite="lax", secure=secure, path="/")


def carry_on(secret: identity.SessionSecret, target: str) -> Response:
    """Sets the session's cookie and goes where its stage leads: to the second factor, its enrolment, or the page."""
    answer = RedirectResponse(page_of(secret.stage, target), status_code=303)
    answer.set_cookie(
        session.cookie_name(),
        secret.value,
        httponly=True,
        samesite="lax",
        secure=session.behind_tls(),
        path="/",
    )
    if person := session.look_up(secret.value):
        remember_looks(answer, person)
    return answer


def page_of(stage: identity.SessionStage, target: str) -> str:
    """Where somebody has to go before `target`."""
    way = {identity.SessionStage.FACTOR: routes.FACTOR, identity.SessionStage.ENROLMENT: routes.ENROL}.get(stage)
    return f"{way}?next={quote(safe(target), safe='')}" if way else safe(target)


def session_lifetime() -> identity.SessionLifetime:
    """As the installation was told."""
    web = application.current().settings.web
    return identity.SessionLifetime(
        dt.timedelta(minutes=web.session_idle_minutes), dt.timedelta(hours=web.session_absolute_hours)
    )


def relying_party() -> identity.RelyingParty:
    """Whom passkeys are for: the address that people type."""
    origin = application.current().settings.public_url.rstrip("/")
    return identity.RelyingParty(urlsplit(origin).hostname or "localhost", origin)


def safe(target: str) -> str:
    """Only a path of this console; anything that a browser could read as another host becomes the overview."""
    plain = target.startswith("/") and not target.startswith(("//", "/\\", "/auth/")) and "\\" not in target
    return target if (plain and target.isprintable()) or target in _OURS else "/"


def address_of(request: Request) -> str | None:
    return request.client.host if request.client else None
