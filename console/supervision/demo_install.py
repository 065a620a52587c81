"""The sandbox's first start: its world, its entities and people, and the first night that fills the console."""

from __future__ import annotations

from console.supervision import demo
from services import identity, payments, reconciliation, runs, sandbox
from services.bootstrap import bootstrap
from services.core.actor import Actor
from services.core.db import UnitOfWork
from services.core.errors import Conflict
from services.core.settings import Settings
from services.identity import Grant, Role

_ACTOR = Actor.system("sandbox")


def install(settings: Settings) -> None:
    """Makes the synthetic world unless it is there, lays its merchant into the database, and starts what a night does.

    Interrupted anywhere, it goes on at the next start. Raises Conflict when the database already holds a
    merchant that is not the sandbox's.
    """
    app = bootstrap("up", settings)
    try:
        with app.database.unit_of_work(_ACTOR) as uow:
            laid_down = _is_laid_down(uow)
        if not sandbox.is_seeded(settings.data_dir):
            sandbox.seed(settings.data_dir)
        if not laid_down:
            with app.database.unit_of_work(_ACTOR) as uow:
                _lay_down(uow)
    finally:
        app.close()
    demo.note_people(settings)


def _is_laid_down(uow: UnitOfWork) -> bool:
    known = {entity.code for entity in identity.legal_entities(uow)}
    if known - {entity.code for entity in sandbox.profile()}:
        raise Conflict(
            "This database already holds a merchant. Set its Stripe key, or start with `kontor up --no-sandbox`."
        )
    return bool(known)


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
    for email, name, role in demo.PEOPLE:
        identity.create_user(uow, email=email, display_name=name, password=demo.PASSWORD, grants=[Grant(Role(role))])
    runs.enqueue(
        uow, kind=reconciliation.NIGHTLY, params=reconciliation.NightlyParams(), unique_key="sandbox.first_night"
    )
