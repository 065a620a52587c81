"""Taking turns by name, across processes, for the time of one transaction."""

from __future__ import annotations

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

_ALONE = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_TOGETHER = text("SELECT pg_advisory_xact_lock_shared(hashtextextended(:name, 0))")


def take_turn(on: Session | Connection, name: str, *, together: bool = False) -> None:
    """Waits until nobody else holds `name`, and holds it until the transaction on `on` ends.

    Those who come `together` hold it side by side and wait only for who holds it alone. A name is a path with the
    domain first, such as `bank/import`; two names that hash alike would merely wait for each other.
    """
    on.execute(_TOGETHER if together else _ALONE, {"name": name})
