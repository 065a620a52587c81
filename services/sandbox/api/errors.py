"""Refusals in Stripe's own shape."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An error answer: HTTP status and the members of Stripe's `error` object."""

    def __init__(self, status: int, message: str, *, kind: str = "invalid_request_error", **more: Any) -> None:
        super().__init__(message)
        self.status = status
        code = more.get("code")
        link = {"doc_url": f"https://docs.stripe.com/error-codes/{code.replace('_', '-')}"} if code else {}
        self.body = {"error": {"message": message, "type": kind, **link, **more}}


def unauthorized(key: str | None) -> StripeError:
    if not key:
        return StripeError(401, "You did not provide an API key. Use Authorization: Bearer YOUR_SECRET_KEY.")
    shown = f"{key[:8]}{'*' * 12}{key[-4:]}" if len(key) > 16 else "*" * len(key)
    return StripeError(401, f"Invalid API Key provided: {shown}")


def missing(noun: str, wanted: str, *, param: str = "id") -> StripeError:
    """404 for the object of the address, 400 for one that a parameter names."""
    status = 404 if param == "id" else 400
    return StripeError(status, f"No such {noun}: '{wanted}'", code="resource_missing", param=param)


def unknown_url(method: str, path: str) -> StripeError:
    return StripeError(404, f"Unrecognized request URL ({method}: {path}).")


def invalid(message: str, param: str, code: str | None = None) -> StripeError:
    return StripeError(400, message, param=param, **({"code": code} if code else {}))


def rate_limited() -> StripeError:
    return StripeError(
        429,
        "Request rate limit exceeded. Learn more about rate limits here https://docs.stripe.com/rate-limits.",
        code="rate_limit",
    )


def broken(status: int) -> StripeError:
    return StripeError(status, "An unknown error occurred.", kind="api_error")
