"""Codes of an authenticator app (RFC 6238): six digits, each accepted once and only in its own 30 seconds."""

from __future__ import annotations

import hmac
import time
import uuid

from pyotp import random_base32
from pyotp.totp import TOTP
from sqlalchemy import delete, func, or_, select, update

from services.core.db import UnitOfWork
from services.core.errors import Invalid, NotFound
from services.identity.factors import has_factor, issue_recovery_codes, own_account, record_factor
from services.identity.models import User
from services.identity.models_proof import TotpFactor
from services.identity.views import NewTotp

_STEP = 30
_DRIFT = 1  # steps that enrolling forgives either way: it opens nothing, and a clock that is off shows at once after


def begin_totp(uow: UnitOfWork, *, label: str = "") -> NewTotp:
    """A new seed to scan; it counts after `confirm_totp`. One that was never confirmed is replaced."""
    user = own_account(uow)
    if has_factor(uow, user.id):
        uow.actor.require_fresh_proof(uow.clock.now())
    uow.session.execute(delete(TotpFactor).where(TotpFactor.user_id == user.id, TotpFactor.confirmed_at.is_(None)))
    factor_id, seed = uuid.uuid4(), random_base32(32)
    uow.session.add(
        TotpFactor(
            id=factor_id,
            user_id=user.id,
            label=(label.strip() or "App")[:60],
            seed=uow.keyring.seal(seed.encode(), _context(factor_id)),
        )
    )
    uow.session.flush()
    return NewTotp(factor_id, TOTP(seed).provisioning_uri(name=user.email, issuer_name="Kontor"), seed)


def confirm_totp(uow: UnitOfWork, *, code: str) -> list[str]:
    """Makes the seed count once its code was typed. Returns ten recovery codes when it is the first factor.

    Raises Invalid for a wrong code, NotFound when no enrolment is open.
    """
    user = own_account(uow)
    first = not has_factor(uow, user.id)
    if not first:
        uow.actor.require_fresh_proof(uow.clock.now())
    factor = uow.session.scalar(
        select(TotpFactor).where(TotpFactor.user_id == user.id, TotpFactor.confirmed_at.is_(None)).with_for_update()
    )
    if factor is None:
        raise NotFound("There is nothing to confirm; begin again.")
    if not _take(uow, factor, code, drift=_DRIFT):
        raise Invalid("This code does not belong to the picture above, or your clock is wrong.")
    factor.confirmed_at = uow.session.execute(select(func.now())).scalar_one()
    uow.session.flush()
    record_factor(uow, user, "added", "totp", factor.label)
    return issue_recovery_codes(uow, user) if first else []


def check_totp(uow: UnitOfWork, user: User, typed: str) -> bool:
    """Whether one of the person's apps shows this code now and nobody has used it before."""
    factors = uow.session.scalars(
        select(TotpFactor).where(TotpFactor.user_id == user.id, TotpFactor.confirmed_at.is_not(None))
    ).all()
    return any(_take(uow, factor, typed) for factor in factors)


def _take(uow: UnitOfWork, factor: TotpFactor, typed: str, *, drift: int = 0) -> bool:
    """Notes the step in one statement, so that of two who send the same code one is refused."""
    code = typed.replace(" ", "")
    totp = TOTP(uow.keyring.open(factor.seed, _context(factor.id)).decode(), interval=_STEP)
    now = int(time.time()) // _STEP
    shown = [step for step in range(now - drift, now + drift + 1) if hmac.compare_digest(totp.at(step * _STEP), code)]
    if not shown:
        return False
    taken = uow.session.execute(
        update(TotpFactor)
        .where(TotpFactor.id == factor.id, or_(TotpFactor.last_step.is_(None), TotpFactor.last_step < shown[0]))
        .values(last_step=shown[0], last_used_at=func.clock_timestamp())
        .returning(TotpFactor.id)
    ).first()
    return taken is not None


def _context(factor_id: uuid.UUID) -> str:
    return f"totp:{factor_id}"
