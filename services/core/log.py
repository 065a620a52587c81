"""Structured logging: dotted event names, one canonical line per request or run, never a secret."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import structlog

_SECRET_KEYS = re.compile(r"password|secret|token|api_?key|authorization|cookie|dsn|database_url", re.IGNORECASE)
_SECRET_VALUES = re.compile(r"(sk|rk|whsec)_[A-Za-z0-9_]{6,}|(?<=://)[^/@\s:]+:[^/@\s]+(?=@)")


def _redact(_: Any, __: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    for key, value in event.items():
        if _SECRET_KEYS.search(key):
            event[key] = "[redacted]"
        elif isinstance(value, str):
            event[key] = _SECRET_VALUES.sub("[redacted]", value)
    return event


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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)


def get_logger(name: str) -> Any:
    """A logger whose lines carry `logger=name`."""
    return structlog.get_logger(logger=name)
