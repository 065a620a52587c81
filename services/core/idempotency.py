"""Idempotency keys of HTTP writes: the same key and body replays the stored answer, another body is refused."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, mapped_column

from services.core.db import Base, UnitOfWork
from services.core.errors import Conflict, Invalid
from services.core.locks import take_turn

_KEY = re.compile(r"[\x21-\x7e]{1,200}\Z")


class IdempotentRequest(Base):
    """An answer that was given to a key. `scope` names the operation and who asked."""

    __tablename__ = "idempotent_request"

    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_sha256: Mapped[str]
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[dt.datetime] = mapped_column(server_default=func.now())


class KeyReused(Conflict):
    """The key was used before for another body; nothing was done."""

    code = "idempotency_key_reused"


def once(
    uow: UnitOfWork, *, scope: str, key: str | None, body: bytes, act: Callable[[], tuple[int, dict[str, Any]]]
) -> tuple[int, dict[str, Any], bool]:
    """(status, answer, replayed) of `act`, done at most once for a key within its scope.

    Two requests with one key at the same time follow each other. Without a key `act` is simply done. Raises
    Invalid for a key that is none, KeyReused for one that came with another body.
    """
    if key is None:
        return *act(), False
    if not _KEY.match(key):
        raise Invalid("An Idempotency-Key takes 1 to 200 visible ASCII characters.")
    digest = hashlib.sha256(body).hexdigest()
    take_turn(uow.session, f"idempotency/{scope}|{key}")
    stored = uow.session.scalar(
        select(IdempotentRequest).where(IdempotentRequest.scope == scope, IdempotentRequest.key == key)
    )
    if stored is not None:
        if stored.body_sha256 != digest:
            raise KeyReused("This Idempotency-Key was used before for another body; nothing was done.")
        return stored.status, stored.answer, True
    status, answer = act()
    uow.session.add(IdempotentRequest(scope=scope, key=key, body_sha256=digest, status=status, answer=answer))
    uow.session.flush()
    return status, answer, False
