"""Errors that a person may read. Edges translate them by kind; everything else becomes an incident."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class ErrorKind(StrEnum):
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    UNAVAILABLE = "unavailable"


class DomainError(Exception):
    """A refusal with a stable code, the data behind it and one safe sentence that says what to do.

    Subclasses set `kind` and `code`; `sentence` is shown to the reader as it stands, so it never
    carries a secret or a traceback.
    """

    kind: ErrorKind = ErrorKind.INVALID
    code: str = "invalid"

    def __init__(self, sentence: str, **data: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.data = data


class NotFound(DomainError):
    """The record does not exist, or lies outside the caller's entities (the answer is the same)."""

    kind = ErrorKind.NOT_FOUND
    code = "not_found"


class Conflict(DomainError):
    """Somebody else changed the record, or its state no longer allows the step."""

    kind = ErrorKind.CONFLICT
    code = "conflict"


class Forbidden(DomainError):
    """The actor lacks a permission; `permission` names it."""

    kind = ErrorKind.FORBIDDEN
    code = "forbidden"

    def __init__(self, sentence: str, *, permission: str = "", **data: Any) -> None:
        super().__init__(sentence, permission=permission, **data)
        self.permission = permission


class StepUpRequired(Forbidden):
    """The last proof of who sits there is too old for this step; it may be repeated after a new one."""

    code = "step_up_required"


class Invalid(DomainError):
    """The input cannot be used; the sentence says what would be accepted."""

    kind = ErrorKind.INVALID
    code = "invalid"


class Unavailable(DomainError):
    """Something outside did not answer; nothing was changed and trying again may succeed."""

    kind = ErrorKind.UNAVAILABLE
    code = "unavailable"


class DatabaseUnavailable(Unavailable):
    """The connection to our own database was lost. An open transaction is gone, unless it was just committing."""

    code = "database_unavailable"
