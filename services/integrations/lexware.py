"""Lexware Office (formerly lexoffice) over its public API: vouchers, and the events that announce a change.

Limits as documented: two requests a second for all endpoints together, 429 beyond; polling is discouraged, so a
change is announced by an event subscription and the nightly run only fills in what was missed.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import SecretStr

from services.core.errors import Invalid
from services.integrations.bookkeeping import BookkeepingRefused, BookkeepingUnavailable, Voucher, VoucherPage

API_BASE = "https://api.lexware.io"
EVENTS = tuple(
    f"{resource}.{change}"
    for resource in ("invoice", "credit-note", "voucher")
    for change in ("created", "changed", "deleted", "status.changed")
)
KINDS = (
    "salesinvoice",
    "salescreditnote",
    "purchaseinvoice",
    "purchasecreditnote",
    "invoice",
    "downpaymentinvoice",
    "creditnote",
)
_SPACING = 0.5  # seconds between two requests: 2 a second
_PAGE = 250  # the most a page may hold
_ATTEMPTS = 6
_LONGEST_WAIT = 120.0


class Lexware:
    """The client of one organisation's key. `sleep` and `clock` are those of the machine unless a test says else."""

    provider = "lexware"

    def __init__(
        self,
        api_key: SecretStr,
        *,
        api_base: str = API_BASE,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._key, self._sleep, self._clock = api_key, sleep, clock
        self._client = httpx.Client(base_url=api_base, timeout=30.0, follow_redirects=False)
        self._next = 0.0

    def close(self) -> None:
        self._client.close()

    def pages(self, updated_from: dt.date | None) -> Iterator[VoucherPage]:
        """Every voucher but drafts, in pages of 250 by their last change. Raises BookkeepingUnavailable or
        BookkeepingRefused; pages that came before stay good."""
        number, total = 0, 1
        while number < total:
            query: dict[str, Any] = {
                "voucherType": ",".join(KINDS),
                "voucherStatus": "any",
                "page": number,
                "size": _PAGE,
                "sort": "updatedDate,ASC",
            }
            if updated_from is not None:
                query["updatedDateFrom"] = updated_from.isoformat()
            found = self._ask("GET", "/v1/voucherlist", params=query)
            total = int(found.get("totalPages", 1))
            vouchers = [_voucher(item) for item in found.get("content", []) if item.get("voucherStatus") != "draft"]
            yield VoucherPage(vouchers, number, total)
            number += 1

    def subscribe(self, callback_url: str) -> int:
        """Subscribes to what is not subscribed yet at this address."""
        known = self._ask("GET", "/v1/event-subscriptions").get("content", [])
        having = {item["eventType"] for item in known if item.get("callbackUrl") == callback_url}
        missing = [event for event in EVENTS if event not in having]
        for event in missing:
            self._ask("POST", "/v1/event-subscriptions", json={"eventType": event, "callbackUrl": callback_url})
        return len(missing)

    def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """One answer, at the allowed pace; what passes by itself (429, 5xx, no connection) is tried again."""
        for attempt in range(_ATTEMPTS):
            self._pace()
            try:
                answer = self._client.request(
                    method, path, headers={"Authorization": f"Bearer {self._key.get_secret_value()}"}, **request
                )
            except httpx.TransportError:
                self._wait(2.0**attempt)
                continue
            if answer.status_code == 429 or answer.status_code >= 500:
                self._wait(_retry_after(answer, default=2.0**attempt))
                continue
            return _document(answer)
        raise BookkeepingUnavailable("Lexware Office does not answer; the next run goes on from here.")

    def _pace(self) -> None:
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + _SPACING

    def _wait(self, seconds: float) -> None:
        if seconds > _LONGEST_WAIT:
            raise BookkeepingUnavailable("Lexware Office asks to wait longer than a run has; the next one goes on.")
        self._sleep(seconds)


def verify_event(body: bytes, signature: str | None, public_key_pem: str) -> dict[str, Any]:
    """The event that Lexware signed (RSA-SHA512 over the raw body, base64 in `X-Lxo-Signature`).

    Raises Invalid for any body or signature that is not Lexware's.
    """
    key = load_pem_public_key(public_key_pem.encode())
    if not isinstance(key, rsa.RSAPublicKey):
        raise Invalid("The configured public key of Lexware is no RSA key.")
    try:
        key.verify(base64.b64decode(signature or "", validate=True), body, padding.PKCS1v15(), SHA512())
        event = json.loads(body)
    except (InvalidSignature, binascii.Error, ValueError):
        raise Invalid("The signature of this event is not Lexware's.") from None
    if not isinstance(event, dict) or not {"eventType", "resourceId"} <= event.keys():
        raise Invalid("This is no event of Lexware.")
    return event


def _document(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code in {401, 403}:
        raise BookkeepingRefused("Lexware Office refuses the API key; make a new one and set it in the settings.")
    if answer.status_code >= 400:
        raise BookkeepingRefused(f"Lexware Office refuses the request ({answer.status_code}).")
    try:
        found = json.loads(answer.content, parse_float=str)
    except ValueError:
        raise BookkeepingUnavailable("Lexware Office answered with something else than its API.") from None
    return found if isinstance(found, dict) else {}


def _retry_after(answer: httpx.Response, *, default: float) -> float:
    """Seconds to wait: `Retry-After` as a number or a date, else the default."""
    text = answer.headers.get("retry-after", "")
    if text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return default
    return max(0.0, (moment - dt.datetime.now(dt.UTC)).total_seconds())


def _voucher(item: dict[str, Any]) -> Voucher:
    try:
        due, opened = item.get("dueDate"), item.get("openAmount")
        return Voucher(
            external_id=str(item["id"]),
            kind=str(item["voucherType"]),
            status=str(item["voucherStatus"]),
            number=str(item.get("voucherNumber") or ""),
            voucher_on=dt.datetime.fromisoformat(item["voucherDate"]).date(),
            due_on=dt.datetime.fromisoformat(due).date() if due else None,
            updated_at=dt.datetime.fromisoformat(item["updatedDate"]),
            contact=item.get("contactName"),
            total=str(item["totalAmount"]),
            open=None if opened is None else str(opened),
            currency=str(item.get("currency") or "EUR"),
            archived=bool(item.get("archived")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BookkeepingRefused("A voucher of Lexware Office lacks what its documentation promises.") from error
