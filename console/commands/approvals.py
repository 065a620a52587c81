"""`kontor approvals …`: what waits for other eyes. Whoever types may look; to decide, a person proves who they are."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from console.commands.support import AsJson, answer, application, table, unit_of_work
from services import approvals, identity
from services.approvals import Decision, RequestDetail, RequestFilter, RequestState, RequestView
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import Forbidden, Invalid

app = typer.Typer(help="Requests that need other eyes.", no_args_is_help=True)

_Request = Annotated[str, typer.Argument(metavar="REQUEST", help="The number (A-12) or the id of the request.")]
_As = Annotated[str, typer.Option("--as", help="The address you sign in with; your password is asked for.")]
_Password = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input instead of asking for it.")
]
_Digest = Annotated[
    str | None, typer.Option(help="Agree only if the request still has this digest, as `show` printed it.")
]


@app.command("list")
def list_requests(
    state: Annotated[list[RequestState] | None, typer.Option(help="May be repeated.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 30,
    as_json: AsJson = False,
) -> None:
    """The latest requests.

    \b
    Examples:
      kontor approvals list --state pending
      kontor approvals list --kind approvals.policy --json
    """
    with unit_of_work() as uow:
        wanted = RequestFilter(states=tuple(state or ()), kind=kind)
        found = approvals.requests(uow, filter=wanted, limit=limit).requests
    rows = [
        [f"A-{r.number}", r.title.en, r.requested_by_name, f"{r.votes} of {r.seats}", f"{r.state}", _moment(r)]
        for r in found
    ]
    answer(found, table(["Request", "What", "Asked by", "Agreed", "State", "Decide by"], rows), as_json=as_json)


@app.command()
def show(request: _Request, as_json: AsJson = False) -> None:
    """One request with exactly what will happen, its digest, who agreed and who may."""
    with unit_of_work() as uow:
        detail = approvals.request_detail(uow, request_id=_id(uow, request))
    answer(detail, _sentences(detail), as_json=as_json)


@app.command()
def approve(  # noqa: PLR0917 - the options of a command, always given by name
    request: _Request,
    person: _As,
    digest: _Digest = None,
    password_stdin: _Password = False,
    reason: Annotated[str | None, typer.Option(help="A remark; stands in the audit log.")] = None,
    as_json: AsJson = False,
) -> None:
    """Agree to a request as a named person. The account of the machine is in no team and decides nothing.

    Example: kontor approvals approve A-12 --as finance.b@example.com
    """
    _decide(request, person, Decision.APPROVE, reason, digest=digest, stdin=password_stdin, as_json=as_json)


@app.command()
def reject(
    request: _Request,
    person: _As,
    reason: Annotated[str, typer.Option(help="At least eight characters; stands in the audit log.")],
    password_stdin: _Password = False,
    as_json: AsJson = False,
) -> None:
    """Reject a request as a named person."""
    _decide(request, person, Decision.REJECT, reason, stdin=password_stdin, as_json=as_json)


@app.command()
def withdraw(
    request: _Request,
    person: _As,
    password_stdin: _Password = False,
    reason: Annotated[str | None, typer.Option(help="Stands in the audit log.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take one's own request back."""
    with application() as app_, _acting_as(app_, person, stdin=password_stdin) as uow:
        done = approvals.withdraw(uow, request_id=_id(uow, request), reason=reason)
    answer(done, f"A-{done.number} is withdrawn.", as_json=as_json)


def _decide(
    request: str,
    person: str,
    decision: Decision,
    reason: str | None,
    *,
    digest: str | None = None,
    stdin: bool,
    as_json: bool,
) -> None:
    with application() as app_, _acting_as(app_, person, stdin=stdin) as uow:
        asked = approvals.request_detail(uow, request_id=_id(uow, request)).request
        done = approvals.vote(uow, request_id=asked.id, digest=digest or asked.digest, decision=decision, reason=reason)
    answer(done, f"A-{done.number} is {done.state}: {done.title.en}", as_json=as_json)


@contextmanager
def _acting_as(app_: Application, email: str, *, stdin: bool) -> Iterator[UnitOfWork]:
    """A unit of work of the person whose password was given, signed in for this one step. Raises Forbidden."""
    password = sys.stdin.readline().rstrip("\n") if stdin else typer.prompt("Password", hide_input=True, err=True)
    with app_.database.unit_of_work(Actor.system("sign-in")) as uow:
        opened = identity.authenticate(uow, email=email, password=password, address=None, user_agent="kontor approvals")
    if not isinstance(opened, identity.SessionSecret):
        raise Forbidden("The address or the password is wrong, or there were too many attempts.")
    with app_.database.unit_of_work(Actor.system("sign-in")) as uow:
        signed_in = identity.actor_for_session(uow, secret=opened.value)
    try:
        if signed_in is None:
            raise Forbidden("A second factor is needed; decide in the browser.")
        with app_.database.unit_of_work(signed_in.actor) as uow:
            yield uow
    finally:
        with app_.database.unit_of_work(signed_in.actor if signed_in else Actor.system("sign-in")) as uow:
            identity.sign_out(uow, secret=opened.value)


def _id(uow: UnitOfWork, reference: str) -> uuid.UUID:
    number = reference.upper().removeprefix("A-")
    if number.isascii() and number.isdigit():
        return approvals.request_by_number(uow, number=int(number))
    try:
        return uuid.UUID(reference)
    except ValueError as error:
        raise Invalid(f"“{reference}” is neither a number such as A-12 nor the id of a request.") from error


def _sentences(detail: RequestDetail) -> str:
    asked, described = detail.request, detail.description
    lines = [
        f"A-{asked.number}  {asked.title.en}",
        f"State      {asked.state}",
        f"Asked by   {asked.requested_by_name}, {asked.requested_at:%Y-%m-%d %H:%M} UTC",
        f"Decide by  {_moment(asked)}",
        f"Digest     {asked.digest}",
        *(f"{line.label.en}: {getattr(line.value, 'en', line.value)}" for line in described.lines),
        *(
            f"{c.label.en}: {getattr(c.before, 'en', c.before)} → {getattr(c.after, 'en', c.after)}"
            for c in described.changes
        ),
    ]
    for seat in detail.seats:
        who = seat.vote.voter_name if seat.vote else f"missing; may agree: {', '.join(seat.may_take) or 'nobody'}"
        lines.append(f"{seat.team.value.capitalize()}: {who}")
    return "\n".join(lines)


def _moment(request: RequestView) -> str:
    return f"{request.expires_at:%Y-%m-%d %H:%M} UTC"
