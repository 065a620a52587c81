"""The right each route needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from console.kit import application, session
from services import audit
from services.core.errors import Forbidden
from services.core.permissions import Permission

# Answered without a session; each says in its own module why that is safe. A test holds every other
# route to `requires`.
PUBLIC_ROUTES = frozenset(
    {
        "/auth/sign-in",
        "/auth/sign-out",
        "/auth/alive",
        "/auth/openid",
        "/auth/openid/back",
        "/auth/factor",
        "/auth/factor/passkey",
        "/auth/enrol",
        "/auth/enrol/app",
        "/auth/enrol/app/confirm",
        "/auth/enrol/passkey",
        "/auth/enrol/passkey/confirm",
        "/auth/enrol/done",
        "/auth/forgotten",
        "/auth/password",
        "/healthz",
        "/readyz",
        "/metrics",
        "/hooks/stripe",
        "/hooks/stripe/{code}",
        "/hooks/lexware/{entity}",
    }
)


def demand(person: session.Principal, permission: Permission, path: str) -> None:
    """Raises Forbidden without the right, and leaves that in the audit log."""
    if person.actor.may(permission):
        return
    with application.current().database.unit_of_work(person.actor) as uow:
        audit.record(
            uow,
            action="identity.route.refused",
            subject_type="route",
            subject_id=path[:200],
            after={"permission": str(permission)},
            outcome="refused",
        )
    person.actor.require_some(permission)


def requires(permission: Permission) -> Callable[[Request], session.Principal]:
    """A dependency that gives the signed-in person or the API key's, or refuses with 401 or 403."""

    def check(request: Request) -> session.Principal:
        if "authorization" in request.headers:
            address = request.client.host if request.client else None
            person = session.look_up_key(request.headers["authorization"], address)
        else:
            person = session.look_up(session.secret_in(request.cookies))
        if person is None:
            raise Forbidden("Sign in first.", permission=str(permission))
        demand(person, permission, request.url.path)
        return person

    check.permission = permission  # pyright: ignore[reportFunctionMemberAccess]
    return check


SignedIn = Annotated[session.Principal, Depends(requires(Permission.SELF))]
