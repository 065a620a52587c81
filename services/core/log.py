"""Structured logging: dotted event names, one canonical line per request or run, never a secret."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

_SECRET_KEYS = re.compile(r"password|secret|token|api_?key|authorization|cookie|dsn|database_url", re.IGNORECASE)
_SECRET_VALUES = re.compile(r"(sk|rk|whsec)_[A-Za-z0-9_]{6,}|(?<=://)[^/@\s:]+:[^/@\s]+(?=@)")


def redact(text: str) -> str:
    """The text without the keys, webhook secrets and URL passwords in it."""
    return _SECRET_VALUES.sub("[redacted]", text)


def redact_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields with secrets replaced, by their names and inside their values, however deep."""
    return {key: "[redacted]" if _SECRET_KEYS.search(key) else _redact_value(value) for key, value in fields.items()}


def _redact_value(value: Any) -> Any:
    match value:
        case str():
            return redact(value)
        case dict():
            return redact_fields(value)
        case list() | tuple():
            return [_redact_value(item) for item in value]
        case _:
            return value


def _redact(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return redact_fields(dict(event))


def configure_logging(level: str = "info", *, process: str = "kontor") -> None:
    """JSON lines on standard error, each with time, level, process and a dotted event name."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redact,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        # Looked up anew: standard error may be replaced, and the one of now closed, while the process lives.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)


def get_logger(name: str) -> Any:
    """A logger whose lines carry `source=name`."""
    return structlog.get_logger(source=name)
