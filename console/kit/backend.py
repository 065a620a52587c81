"""The one crossing from pages to services: thread, unit of work, actor, validated arguments, errors in one place."""

from __future__ import annotations

import asyncio
import functools
import inspect
import secrets
import time
import typing
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import pydantic
import reflex as rx
from reflex.event import EventSpec
from reflex.istate.proxy import MutableProxy

from console.design.texts import tr
from console.kit import application, session
from console.kit.arguments import what_instead
from console.kit.notices import Notices, explain_error
from console.kit.step_up import StepUp
from services.core.errors import DomainError, ErrorKind, Invalid, NotFound, StepUpRequired
from services.core.ids import new_id
from services.core.log import get_logger
from services.core.permissions import Permission

_log = get_logger(__name__)
_T = TypeVar("_T")
_LONGEST_TEXT = 20_000
_SLOW_SECONDS = 1.0


class ShownOnPage(Exception):
    """The page's own state already says what went wrong; nothing more is to be shown or logged."""


async def call(state: rx.State, function: Callable[..., _T], **arguments: Any) -> _T:
    """Runs a service function in a thread, in a unit of work of the signed-in person, and commits it.

    Arguments are validated and converted by the function's own annotations ("2026-03-16" becomes a
    date, an id a UUID), because whatever a browser sends arrives here as it was sent. Raises the
    service's DomainError, which becomes a message in the reader's language, and Invalid for arguments
    of the wrong form; anything else becomes an incident. In all cases the transaction is rolled back.
    """
    person = session.PRINCIPAL.get()
    checked = validated(function, dict(arguments))
    request_id = str(new_id())
    started = time.perf_counter()
    try:
        return await asyncio.to_thread(_cross, person, request_id, function, checked)
    finally:
        seconds = time.perf_counter() - started
        if seconds > _SLOW_SECONDS:
            _log.warning("backend.call.slow", function=_name(function), state=type(state).__name__, seconds=seconds)


async def load(state: rx.State, function: Callable[..., _T], **arguments: Any) -> _T:
    """`call` for what a page shows: a failure becomes the page's error state (`failure`) instead of a message.

    A part of the address that has not the form of an id names no record, so it is not found instead of invalid.
    """
    try:
        return await call(state, function, **arguments)
    except DomainError as error:
        shown = _not_there(state, error, arguments)
        title, body = explain_error(locale(), shown)
        raise _failed(state, title, body, lost=shown.kind is ErrorKind.NOT_FOUND) from error
    except Exception as error:
        incident = report(error)
        body = tr(locale(), "errors.incident_body", incident=incident)
        raise _failed(state, tr(locale(), "errors.incident"), body) from error


def locale() -> str:
    """Language of the reader whose event is running: `en` or `de`."""
    return session.PRINCIPAL.get().locale


def may(permission: Permission) -> bool:
    """Whether the reader whose event is running has the right, for any entity."""
    return session.PRINCIPAL.get().actor.may(permission)


def on_error(exception: Exception) -> EventSpec | None:
    """Reflex's backend exception handler: the one place where an error becomes something a person reads."""
    if isinstance(exception, ShownOnPage):
        return Notices.flush()
    if isinstance(exception, StepUpRequired):
        return StepUp.ask()
    if isinstance(exception, DomainError):
        data = {name: str(value) for name, value in exception.data.items()}
        return Notices.explain(exception.kind.value, exception.code, exception.sentence, data)
    return Notices.incident(report(exception))


def on_frontend_error(exception: Exception) -> None:
    """What failed in the browser, shortened; it never stops anything here."""
    _log.warning("web.browser.failed", message=str(exception)[:2000])


def report(error: Exception) -> str:
    """Logs what nobody foresaw, once, and returns the id a person can quote."""
    incident = "INC-" + secrets.token_hex(3).upper()
    _log.error("web.event.failed", incident=incident, exc_info=error)
    return incident


def _cross(person: session.Principal, request_id: str, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    with application.current().database.unit_of_work(person.actor, request_id=request_id) as uow:
        return function(uow, **arguments)


def _not_there(state: rx.State, error: DomainError, arguments: dict[str, Any]) -> DomainError:
    """The refusal of an argument taken from the path as NotFound; any other error, an empty id included, as it is."""
    refused = arguments.get(str(error.data.get("field", "")))
    parts = urlsplit(str(state.router.url)).path.split("/")
    if isinstance(error, Invalid) and refused and str(refused) in {*parts, *map(unquote, parts)}:
        return NotFound("There is no such record in the entities you may see.")
    return error


def _failed(state: rx.State, title: str, body: str, *, lost: bool = False) -> ShownOnPage:
    if fail := getattr(state, "_fail", None):
        fail(title, body, lost=lost)
    return ShownOnPage(title)


def validated(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments as the function's annotations want them. Raises Invalid naming the first that does not fit."""
    for name, value in arguments.items():
        if isinstance(value, str) and (len(value) > _LONGEST_TEXT or "\x00" in value):
            raise Invalid(f"“{name}” is too long or holds characters that cannot be stored.", field=name)
    try:
        model = _model(function).model_validate({name: _bare(value) for name, value in arguments.items()})
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else ""
        raise Invalid(what_instead(first, field), field=field) from error
    return {name: getattr(model, name) for name in arguments}


def _bare(value: Any) -> Any:
    """What a state's variable holds: Reflex hands a list or a dictionary out in a wrapper that notes changes."""
    return value.__wrapped__ if isinstance(value, MutableProxy) else value


@functools.cache
def _model(function: Callable[..., Any]) -> type[pydantic.BaseModel]:
    hints = typing.get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (hints.get(name, Any), default)
    settings = pydantic.ConfigDict(arbitrary_types_allowed=True, extra="forbid", revalidate_instances="never")
    return pydantic.create_model(f"{_name(function)}Arguments", __config__=settings, **fields)


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)
