"""How often one may ask: a network address at public routes, and a person or a key at those that cost something.

The lockout of sign-ins stands beside this, not instead.
"""

from __future__ import annotations

import hashlib

from console.kit import application
from services.core.actor import Actor

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Route → reading, writing; of one network address.
_PUBLIC: tuple[tuple[str, tuple[str, str]], ...] = (
    ("/auth/forgotten", ("60/minute", "10/minute")),
    ("/auth/password", ("60/minute", "20/minute")),
    ("/auth", ("600/minute", "300/minute")),
    ("/hooks", ("60/minute", "6000/minute")),
    ("/metrics", ("120/minute", "10/minute")),
    ("/healthz", ("600/minute", "10/minute")),
    ("/readyz", ("600/minute", "10/minute")),
)
# The same of one person or key: what reads a whole list, takes files in, or renders a document.
_SIGNED_IN: tuple[tuple[str, tuple[str, str]], ...] = (
    ("/export", ("60/minute", "60/minute")),
    ("/audit", ("20/minute", "20/minute")),
    ("/reconciliation/report.pdf", ("30/minute", "30/minute")),
    ("/reconciliation/report.xlsx", ("30/minute", "30/minute")),
    ("/breaks/evidence", ("300/minute", "300/minute")),
    ("/api", ("1200/minute", "600/minute")),
    ("/_upload", ("300/minute", "300/minute")),
)
# What pages send over their websockets: of one session, of one network address (an office shares one).
EVENTS_OF_SESSION, EVENTS_OF_ADDRESS = "1200/minute", "12000/minute"
# Answer also when the database does not, so they are counted in this process alone.
_PROBES = frozenset({"/healthz", "/readyz"})


def public_rule(path: str, method: str) -> tuple[str, str] | None:
    """The name and the limit of a public route for one network address; static files have none."""
    return _rule(_PUBLIC, path, method)


def signed_in_rule(path: str, method: str) -> tuple[str, str] | None:
    """The name and the limit of a route for one person or key; a page has none, since it loads over the websocket."""
    return _rule(_SIGNED_IN, path, method)


def wait_of_address(path: str, method: str, address: str) -> int:
    """Counts the request; the seconds that this network address has to wait, 0 for none."""
    return _count(public_rule(path, method), address, shared=path not in _PROBES)


def wait_of_person(path: str, method: str, actor: Actor) -> int:
    """Counts the request; the seconds that this person or key has to wait, 0 for none."""
    who = f"{actor.kind.value}:{actor.session_id if actor.kind.value == 'api_key' else actor.id}"
    return _count(signed_in_rule(path, method), who, shared=True)


def wait_of_event(secret: str, address: str) -> int:
    """Counts an event of a page; the seconds that its session or network address has to wait, 0 for none.

    Counted in this process, which holds the websocket, so that a flood of events asks the database nothing.
    """
    limits = application.current().rate_limits
    session = hashlib.sha256(secret.encode()).hexdigest()
    of_session = limits.wait(EVENTS_OF_SESSION, "events", session, shared=False) if secret else 0
    return max(of_session, limits.wait(EVENTS_OF_ADDRESS, "events", "address", address, shared=False))


def _count(found: tuple[str, str] | None, who: str, *, shared: bool) -> int:
    if found is None:
        return 0
    name, rule = found
    return application.current().rate_limits.wait(rule, name, who, shared=shared)


def _rule(rules: tuple[tuple[str, tuple[str, str]], ...], path: str, method: str) -> tuple[str, str] | None:
    name = next((prefix for prefix, _ in rules if path == prefix or path.startswith(prefix + "/")), None)
    if name is None:
        return None
    reads, writes = dict(rules)[name]
    return (f"{name} read", reads) if method in SAFE_METHODS else (f"{name} write", writes)
