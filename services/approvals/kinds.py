"""The registry of what needs approval, filled by `bootstrap`."""

from __future__ import annotations

from services.approvals.vocabulary import ApprovalKind
from services.core.errors import Invalid

_kinds: dict[str, ApprovalKind] = {}


def declare(kind: ApprovalKind) -> None:
    """Makes a kind known by name. Declaring the same one twice is once; another one of its name is a bug."""
    if _kinds.setdefault(kind.name, kind) != kind:
        raise ValueError(f"two kinds of approval are called {kind.name}")


def kind_named(name: str) -> ApprovalKind:
    """Raises Invalid when nobody declared it."""
    if name not in _kinds:
        raise Invalid(f"There is nothing called “{name}” that could be approved.")
    return _kinds[name]


def declared_kinds() -> list[ApprovalKind]:
    return sorted(_kinds.values(), key=lambda kind: kind.name)
