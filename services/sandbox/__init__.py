"""The outside world of a merchant that is not real: Stripe, its bank and its own books, over real interfaces."""

from services.sandbox.locks import SandboxInUse
from services.sandbox.profile import BankAccountProfile, EntityProfile, profile
from services.sandbox.serving import serve
from services.sandbox.world import DEFAULT_PORT, Grown, NotSeeded, advance, is_seeded, post_address, seed, truth

__all__ = [
    "DEFAULT_PORT",
    "BankAccountProfile",
    "EntityProfile",
    "Grown",
    "NotSeeded",
    "SandboxInUse",
    "advance",
    "is_seeded",
    "post_address",
    "profile",
    "seed",
    "serve",
    "truth",
]
