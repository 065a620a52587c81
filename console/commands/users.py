"""`kontor user …`: people, before anybody can sign in and when somebody is locked out."""

from __future__ import annotations

import secrets
import sys
import uuid
from typing import Annotated

import typer

from console.commands.support import AsJson, answer, table, unit_of_work
from services import identity
from services.core.db import UnitOfWork
from services.core.errors import Invalid
from services.identity import Grant, Locale, Role

app = typer.Typer(help="People who may sign in.", no_args_is_help=True)

_Email = Annotated[str, typer.Argument(help="The address the person signs in with.")]
_Password = Annotated[
    str | None,
    typer.Option(
        "--password", help="12 characters or more; “-” reads it from standard input; generated when left out."
    ),
]


@app.command()
def create(  # noqa: PLR0917 - the options of a command, always given by name
    email: _Email,
    name: Annotated[str | None, typer.Option(help="Shown beside what the person does.")] = None,
    admin: Annotated[bool, typer.Option("--admin", help="May manage people, rights and the installation.")] = False,
    role: Annotated[list[Role] | None, typer.Option(help="May be repeated.")] = None,
    entity: Annotated[
        list[str] | None, typer.Option(help="Code of a legal entity the roles hold for; all when left out.")
    ] = None,
    password: _Password = None,
    locale: Annotated[Locale, typer.Option(help="The language the console opens in.")] = Locale.ENGLISH,
    as_json: AsJson = False,
) -> None:
    """Add a person; prints the password once when it was generated.

    \b
    Examples:
      kontor user create ada@example.com --admin
      kontor user create kim@example.com --role finance --entity mh-de
    """
    roles = [*(role or []), *([Role.ADMIN] if admin else [])]
    if not roles:
        raise Invalid("A person needs at least one role: --admin, or --role finance|ops|dev|auditor.")
    chosen, generated = _password(password)
    with unit_of_work() as uow:
        user_id = identity.create_user(
            uow,
            email=email,
            display_name=name or email.partition("@")[0],
            password=chosen,
            grants=_grants(uow, roles, entity or []),
            locale=locale,
        )
    data = {"id": user_id, "email": email.lower()} | ({"password": chosen} if generated else {})
    said = f"{email.lower()} may sign in now." + (f" Password, shown this once: {chosen}" if generated else "")
    answer(data, said, as_json=as_json)


@app.command("list")
def list_users(as_json: AsJson = False) -> None:
    """Everybody, with roles and open sessions."""
    with unit_of_work() as uow:
        people = identity.users(uow)
        codes = {entity.id: entity.code for entity in identity.legal_entities(uow)}
    rows = [
        [
            p.email,
            p.display_name,
            _roles(p.grants, codes),
            "active" if p.active else "deactivated",
            str(p.open_sessions),
        ]
        for p in people
    ]
    answer(people, table(["E-mail", "Name", "Roles", "State", "Sessions"], rows), as_json=as_json)


@app.command("password")
def set_password(email: _Email, password: _Password = None, as_json: AsJson = False) -> None:
    """Give a person a new password and end their sessions.

    Example: kontor user password ada@example.com
    """
    chosen, generated = _password(password)
    with unit_of_work() as uow:
        identity.set_password(uow, user_id=identity.user_by_email(uow, email=email).id, password=chosen)
    said = f"{email} has a new password." + (f" Shown this once: {chosen}" if generated else "")
    answer({"email": email} | ({"password": chosen} if generated else {}), said, as_json=as_json)


@app.command()
def deactivate(email: _Email, as_json: AsJson = False) -> None:
    """End a person's sessions and let them sign in no more."""
    with unit_of_work() as uow:
        identity.deactivate_user(uow, user_id=identity.user_by_email(uow, email=email).id)
    answer({"email": email, "active": False}, f"{email} can no longer sign in.", as_json=as_json)


@app.command("keys")
def list_keys(as_json: AsJson = False) -> None:
    """Everybody's API keys, with what they may do and when they end."""
    with unit_of_work() as uow:
        keys = identity.api_keys(uow)
    rows = [[str(k.id), k.prefix, k.name, k.owner, k.state, k.expires_at.isoformat(timespec="minutes")] for k in keys]
    answer(keys, table(["Key", "Begins with", "Name", "Acts for", "State", "Ends"], rows), as_json=as_json)


@app.command("rotate-key")
def rotate_key(
    key: Annotated[uuid.UUID, typer.Argument(help="The key's id, as `kontor user keys` lists it.")],
    overlap_days: Annotated[int, typer.Option(min=0, max=30, help="How long the old key still works.")] = 7,
    as_json: AsJson = False,
) -> None:
    """Give an API key a successor with the same scopes and term, and end the old one after the overlap."""
    with unit_of_work() as uow:
        made = identity.rotate_api_key(uow, key_id=key, overlap_days=overlap_days)
    answer(made, f"The new key, shown this once: {made.secret}", as_json=as_json)


def _password(given: str | None) -> tuple[str, bool]:
    if given == "-":
        return sys.stdin.readline().rstrip("\n"), False
    return (given, False) if given is not None else (secrets.token_urlsafe(18), True)


def _grants(uow: UnitOfWork, roles: list[Role], codes: list[str]) -> list[Grant]:
    entities: list[uuid.UUID | None] = [identity.entity_by_code(uow, code=code).id for code in codes]
    return [Grant(role, entity) for role in dict.fromkeys(roles) for entity in entities or [None]]


def _roles(grants: tuple[Grant, ...], codes: dict[uuid.UUID, str]) -> str:
    return ", ".join(
        str(grant.role) if grant.entity_id is None else f"{grant.role} ({codes.get(grant.entity_id, '?')})"
        for grant in grants
    )
