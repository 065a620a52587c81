"""The sandbox's installation: its entities, people and accounts, and the first runs that fill the console."""

from __future__ import annotations

import json
from pathlib import Path

from services import identity, payments, reconciliation, runs, sandbox
from services.bootstrap import Application
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import Conflict
from services.core.settings import Settings
from services.identity import Grant, Role

PASSWORD = "kontor sandbox"  # noqa: S105 - shown on the sign-in page; it opens invented data alone
_PEOPLE = (
    ("finance.a@kontor.example", "Finance A", Role.FINANCE),
    ("finance.b@kontor.example", "Finance B", Role.FINANCE),
    ("ops@kontor.example", "Ops A", Role.OPS),
    ("dev@kontor.example", "Dev A", Role.DEV),
    ("auditor@kontor.example", "Auditor A", Role.AUDITOR),
    ("admin@kontor.example", "Admin A", Role.ADMIN),
)
_ACTOR = Actor.system("sandbox")


def demo_people(settings: Settings) -> list[dict[str, str]]:
    """The people of this sandbox with their password, or nobody when it was never installed."""
    file = _file(settings)
    return json.loads(file.read_text()) if file.exists() else []


def require_one_world(settings: Settings) -> None:
    """Raises Conflict when the data folder holds the sandbox but a real account is configured: they never mix."""
    if not settings.uses_sandbox and _file(settings).exists():
        raise Conflict(
            f"{settings.data_dir} holds the sandbox, whose people and figures are invented. "
            "Give the real account a folder of its own: KONTOR_DATA_DIR=…"
        )


def is_new(settings: Settings) -> bool:
    return not _file(settings).exists()


def seed(settings: Settings) -> None:
    """Makes the synthetic merchant's world unless it is there."""
    if not sandbox.is_seeded(settings.data_dir):
        sandbox.seed(settings.data_dir)


def install(app: Application) -> None:
    """Lays the sandbox's merchant into an empty database and starts what a night does, so that there is something to
    look at; once.

    Raises Conflict when the database already holds a merchant that is not the sandbox's.
    """
    if not is_new(app.settings):
        return
    with app.database.unit_of_work(_ACTOR) as uow:
        known = {entity.code for entity in identity.legal_entities(uow)}
        invented = {entity.code for entity in sandbox.profile()}
        if known - invented:
            raise Conflict(
                "This database already holds a merchant. Set its Stripe key, or start with `kontor up --no-sandbox`."
            )
        if not known:
            _lay_down(uow)
    people = [{"name": name, "email": email, "role": role.value, "password": PASSWORD} for email, name, role in _PEOPLE]
    _file(app.settings).write_text(json.dumps(people))
    _file(app.settings).chmod(0o600)


def _lay_down(uow: UnitOfWork) -> None:
    for profile in sandbox.profile():
        entity_id = identity.create_legal_entity(
            uow,
            code=profile.code,
            name=profile.name,
            country=profile.country,
            currency=profile.currency,
            time_zone=profile.zone,
        )
        payments.connect_account(uow, entity_id=entity_id, code=profile.code)
    for email, name, role in _PEOPLE:
        identity.create_user(uow, email=email, display_name=name, password=PASSWORD, grants=[Grant(role)])
    runs.enqueue(
        uow, kind=reconciliation.NIGHTLY, params=reconciliation.NightlyParams(), unique_key="sandbox.first_night"
    )


def _file(settings: Settings) -> Path:
    return settings.data_dir / "sandbox" / "demo_users.json"
