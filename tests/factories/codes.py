"""Codes of an authenticator app, for tests that type them some time after they read them."""

from __future__ import annotations

import time

from pyotp.totp import TOTP

_ENOUGH = 5.0  # seconds


def shown_code(totp: TOTP) -> str:
    """What the app shows, once it shows it for long enough that the code still holds when it arrives."""
    left = totp.interval - time.time() % totp.interval
    if left < _ENOUGH:
        time.sleep(left)
    return totp.now()


def code_before(totp: TOTP) -> str:
    """The code of the step before: enrolling takes it, and the one that is shown stays unused."""
    shown_code(totp)
    return totp.at(time.time() - totp.interval)
