"""Passwords: hashed with argon2id (19 MiB, t=2, p=1, OWASP), two at a time, so that sign-ins cannot eat the memory."""

from __future__ import annotations

import datetime as dt
import threading
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select
from zxcvbn_rs_py import zxcvbn

from services.core.db import UnitOfWork
from services.identity.errors import WeakPassword
from services.identity.models import User
from services.identity.models_proof import FormerPassword
from services.integrations.breached_passwords import BreachedPasswords

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_TWO_AT_A_TIME = threading.BoundedSemaphore(2)
# What an unknown address is checked against, so that it takes as long as a known one; nothing hashes to it.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
_SHORTEST, _LONGEST = 12, 128
_HISTORY = 5
_GOOD_SCORE = 3  # of 0 to 4: more than 10^8 guesses
_OURS = ["kontor", "musterhandel", "finance", "password", "passwort"]


@dataclass(frozen=True, slots=True)
class VettedPassword:
    """A password that somebody chose and that no breach knows; made by `vet_password`, before a transaction."""

    value: str = field(repr=False)


def vet_password(password: str, breaches: BreachedPasswords) -> VettedPassword:
    """Length, strength, and whether it is known from a breach. Asks the network. Raises WeakPassword."""
    check_strength(password)
    if breaches.knows(password):
        raise WeakPassword("This password is known from a breach somewhere, so it will be tried. Choose another.")
    return VettedPassword(password)


def check_strength(password: str, *about: str) -> None:
    """Length is what counts (NIST SP 800-63B): 12 to 128 characters of any kind, and not easily guessed.

    `about` is what an attacker knows of the person: address and name. Raises WeakPassword.
    """
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise WeakPassword("A password takes 12 to 128 characters; a few words in a row are good.")
    known = [part for text in about for part in text.replace("@", " ").replace(".", " ").split() if len(part) > 2]
    if int(zxcvbn(password, [*about, *known, *_OURS]).score) < _GOOD_SCORE:
        raise WeakPassword("This password is easily guessed. A few words that have nothing to do with you are better.")


def replace_password(uow: UnitOfWork, user: User, password: str) -> None:
    """Sets the hash and keeps the former five. Raises WeakPassword for a weak one and for one of those."""
    check_strength(password, user.email, user.display_name)
    former = uow.session.scalars(
        select(FormerPassword.password_hash)
        .where(FormerPassword.user_id == user.id)
        .order_by(FormerPassword.replaced_at.desc())
        .limit(_HISTORY - 1)
    )
    recent = [stored for stored in (user.password_hash, *former) if stored]
    if any(matches(stored, password) for stored in recent):
        raise WeakPassword("You had this password before; the last five may not come back.")
    if user.password_hash:
        uow.session.add(FormerPassword(user_id=user.id, password_hash=user.password_hash))
    user.password_hash = hash_password(password)
    user.password_changed_at = dt.datetime.now(dt.UTC)
    uow.session.flush()
    _forget_oldest(uow, user)


def retract(uow: UnitOfWork, user: User) -> None:
    """The password opens nothing any more, and may not come back as a new one."""
    if user.password_hash:
        uow.session.add(FormerPassword(user_id=user.id, password_hash=user.password_hash))
        user.password_hash = None
        uow.session.flush()
        _forget_oldest(uow, user)


def _forget_oldest(uow: UnitOfWork, user: User) -> None:
    ranked = (
        select(
            FormerPassword.id,
            func.row_number().over(order_by=FormerPassword.replaced_at.desc()).label("place"),
        )
        .where(FormerPassword.user_id == user.id)
        .subquery()
    )
    old = select(ranked.c.id).where(ranked.c.place >= _HISTORY)
    uow.session.execute(delete(FormerPassword).where(FormerPassword.id.in_(old)))


def hash_password(password: str) -> str:
    with _TWO_AT_A_TIME:
        return _HASHER.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether `password` belongs to `stored`; takes the same time when there is no stored hash."""
    with _TWO_AT_A_TIME:
        try:
            return _HASHER.verify(stored or _NOBODY, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False
