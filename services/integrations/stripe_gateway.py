"""Stripe: the only module that knows its library. Pages of plain dicts, patient with limits, errors as sentences."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import stamina
import stripe

from services.core.errors import DomainError, Invalid, NotFound, Unavailable
from services.core.settings import Settings

PAGE = 100
_ATTEMPTS = 6
_GIVE_UP_SECONDS = 90.0
_TIMEOUT_SECONDS = 30.0
_LONGEST_PAUSE_SECONDS = 30.0
_TOLERANCE_SECONDS = 300
_FASTEST = 1 / 80  # seconds between two requests; Stripe allows 100 reads a second in live mode
_SLOWEST = 2.0

PATHS = {
    "customer": "/v1/customers",
    "charge": "/v1/charges",
    "invoice": "/v1/invoices",
    "payment_intent": "/v1/payment_intents",
    "refund": "/v1/refunds",
    "dispute": "/v1/disputes",
    "payout": "/v1/payouts",
    "balance_transaction": "/v1/balance_transactions",
    "event": "/v1/events",
}
_EXPAND = {"invoice": ["payments"]}
_RIGHTS = {
    "customer": "Customers",
    "charge": "Charges and Refunds",
    "invoice": "Invoices",
    "payment_intent": "PaymentIntents",
    "refund": "Charges and Refunds",
    "dispute": "Disputes",
    "payout": "Payouts",
    "balance_transaction": "Balance transactions",
    "event": "Events",
}

# The read rights a restricted key needs, by their names in Stripe's dashboard.
NEEDED_RIGHTS = tuple(dict.fromkeys(_RIGHTS.values()))


class StripeRefused(Invalid):
    """Stripe understood and said no: a wrong key, a missing right, an object of another account."""

    code = "stripe_refused"


class BadSignature(Invalid):
    """The webhook was not sent by Stripe, or not now; it is answered with 400."""

    code = "bad_signature"


@dataclass(frozen=True)
class Connection:
    """How one account is reached. `api_base` None is Stripe itself."""

    api_key: str
    webhook_secret: str | None = None
    account_id: str | None = None
    api_base: str | None = None


@dataclass(frozen=True)
class Page:
    """Objects as Stripe sent them, newest first, and whether older ones follow."""

    rows: list[dict[str, Any]]
    has_more: bool


@dataclass(frozen=True)
class Access:
    """Which of Stripe's read rights a key has; `missing` are their names in Stripe's dashboard."""

    account_id: str | None
    live: bool
    missing: tuple[str, ...]


class Pace:
    """The shortest pause between requests: doubled by every 429, eased again by answers that come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pause = _FASTEST
        self._next = 0.0

    def wait(self) -> None:
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._pause
        if turn > now:
            time.sleep(turn - now)

    def slower(self) -> None:
        with self._lock:
            self._pause = min(self._pause * 2, _SLOWEST)

    def eased(self) -> None:
        with self._lock:
            self._pause = max(self._pause * 0.95, _FASTEST)


class AccountClient:
    """One account's client. Safe in several threads."""

    def __init__(self, code: str, connection: Connection) -> None:
        self.code = code
        self.connection = connection
        self.patience = _GIVE_UP_SECONDS
        self._pace = Pace()
        self._client = stripe.StripeClient(
            connection.api_key,
            base_addresses={"api": connection.api_base} if connection.api_base else {},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
        )

    def page(
        self,
        kind: str,
        *,
        created_from: dt.datetime | None = None,
        created_before: dt.datetime | None = None,
        after: str | None = None,
        payout: str | None = None,
        limit: int = PAGE,
    ) -> Page:
        """Objects of `kind` created in [created_from, created_before), newest first, older than the one called `after`.

        `payout` narrows balance transactions to one payout. Raises StripeRefused or Unavailable.
        """
        params: dict[str, Any] = {"limit": limit}
        if created_from is not None:
            params["created[gte]"] = int(created_from.timestamp())
        if created_before is not None:
            params["created[lt]"] = int(created_before.timestamp())
        if after is not None:
            params["starting_after"] = after
        if payout is not None:
            params["payout"] = payout
        for number, name in enumerate(_EXPAND.get(kind, ())):
            params[f"expand[{number}]"] = f"data.{name}"
        answer = self._get(PATHS[kind], params, kind)
        return Page(answer["data"], bool(answer["has_more"]))

    def retrieve(self, kind: str, stripe_id: str) -> dict[str, Any] | None:
        """The object as it is now, None when Stripe has none of that id."""
        params = {f"expand[{number}]": name for number, name in enumerate(_EXPAND.get(kind, ()))}
        try:
            return self._get(f"{PATHS[kind]}/{stripe_id}", params, kind)
        except NotFound:
            return None

    def account(self) -> dict[str, Any]:
        """Stripe's own account object of this key."""
        return self._get("/v1/account", {}, "account")

    def check_access(self) -> Access:
        """Tries every right a sync needs with one small request each. Raises StripeRefused for a wrong key."""
        missing: list[str] = []
        for kind, right in _RIGHTS.items():
            try:
                self.page(kind, limit=1)
            except StripeRefused as refused:
                if refused.data.get("status") != 403:
                    raise
                missing.append(right)
        live = "_live_" in self.connection.api_key
        return Access(self.connection.account_id or self._own_id(), live, tuple(dict.fromkeys(missing)))

    def verified_event(self, body: bytes, signature: str | None) -> dict[str, Any]:
        """The event in a webhook's body, once its signature and stamp hold.

        Raises BadSignature for whatever is wrong: no or a foreign signature, a stamp more than 300 s off in either
        direction, a body that is no JSON event. Raises Unavailable while no secret is configured.
        """
        secret = self.connection.webhook_secret
        if not secret:
            raise Unavailable(f"No webhook secret is configured for “{self.code}”.")
        try:
            stripe.WebhookSignature.verify_header(body.decode(), signature, secret, _TOLERANCE_SECONDS)
            stamp = dict(part.split("=", 1) for part in (signature or "").split(",") if "=" in part)["t"]
            event = json.loads(body)
        except (stripe.SignatureVerificationError, ValueError, TypeError, KeyError) as error:
            raise BadSignature("The signature of this webhook does not hold.") from error
        if int(stamp) > time.time() + _TOLERANCE_SECONDS:
            raise BadSignature("This webhook is stamped in the future.")
        if (
            not isinstance(event, dict)
            or event.get("object") != "event"
            or not isinstance(event.get("id"), str)
            or not isinstance(event.get("created"), int)
        ):
            raise BadSignature("The body of this webhook is no event.")
        return event

    def _own_id(self) -> str | None:
        try:
            return self.account().get("id")
        except DomainError:
            return None

    def _get(self, path: str, params: dict[str, Any], kind: str) -> Any:
        try:
            for attempt in stamina.retry_context(
                on=self._backoff, attempts=_ATTEMPTS, timeout=self.patience, wait_initial=0.2, wait_max=10.0
            ):
                with attempt:
                    self._pace.wait()
                    answer = self._client.raw_request("get", path, **params)
                    self._pace.eased()
                    return answer.data
        except stripe.StripeError as error:
            raise _translated(error, self.code, kind) from error
        raise Unavailable(f"Stripe did not answer for “{self.code}”.")

    def _backoff(self, error: Exception) -> bool | float:
        """Whether to try again, or in how many seconds when Stripe says so."""
        if isinstance(error, stripe.RateLimitError):
            self._pace.slower()
        elif not isinstance(error, stripe.APIConnectionError) and not _is_server_fault(error):
            return False
        told = _retry_after(error)
        return True if told is None else told


class StripeGateway:
    """The accounts this installation can reach, by code; one client each, made at first use.

    On the sandbox the addresses stand in a file that its server writes; it is read again when it changed.
    """

    def __init__(self, connections: dict[str, Connection], sandbox_file: Path | None = None) -> None:
        self._configured = connections
        self._file = sandbox_file
        self._stamp = -1.0
        self._clients: dict[str, AccountClient] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: Settings) -> StripeGateway:
        if settings.uses_sandbox:
            return cls({}, settings.data_dir / "sandbox" / "connection.json")
        return cls(
            {
                code: Connection(
                    account.api_key.get_secret_value(),
                    account.webhook_secret.get_secret_value() if account.webhook_secret else None,
                    api_base=settings.stripe.api_base,
                )
                for code, account in settings.stripe.accounts.items()
            }
        )

    def codes(self) -> list[str]:
        """The accounts with a key, sorted."""
        return sorted(self._connections())

    def account(self, code: str) -> AccountClient:
        """The client of one account. Raises NotFound when no key is configured for it."""
        connections = self._connections()
        with self._lock:
            if code not in connections:
                raise NotFound(f"No Stripe key is configured for “{code}”.", code=code)
            client = self._clients.get(code)
            if client is None or client.connection != connections[code]:
                client = self._clients[code] = AccountClient(code, connections[code])
            return client

    def verified_event(self, body: bytes, signature: str | None, code: str | None = None) -> tuple[str, dict[str, Any]]:
        """The event in a webhook's body with the account that signed it: the one called `code`, or whichever did.

        Raises BadSignature when none of them did, Unavailable while no secret is configured, NotFound for an
        unknown code.
        """
        connections = self._connections()
        asked = [code] if code is not None else [name for name, one in connections.items() if one.webhook_secret]
        for name in asked[:-1]:
            try:
                return name, self.account(name).verified_event(body, signature)
            except BadSignature:
                continue
        if not asked:
            raise Unavailable("No webhook secret is configured.")
        return asked[-1], self.account(asked[-1]).verified_event(body, signature)

    def _connections(self) -> dict[str, Connection]:
        if self._file is None:
            return self._configured
        with self._lock:
            try:
                stamp = self._file.stat().st_mtime
            except FileNotFoundError:
                return self._configured
            if stamp != self._stamp:
                self._configured = _read_connections(self._file)
                self._stamp = stamp
            return self._configured


def _read_connections(path: Path) -> dict[str, Connection]:
    told = json.loads(path.read_text())
    return {
        code: Connection(account["api_key"], account.get("webhook_secret"), account.get("account_id"), told["api_base"])
        for code, account in told["accounts"].items()
    }


def missing_rights(accesses: Iterable[Access]) -> list[str]:
    """The rights that at least one key lacks, each once."""
    return list(dict.fromkeys(right for access in accesses for right in access.missing))


def _is_server_fault(error: Exception) -> bool:
    return isinstance(error, stripe.APIError) and (error.http_status is None or error.http_status >= 500)


def _retry_after(error: Exception) -> float | None:
    headers = {str(name).lower(): value for name, value in (getattr(error, "headers", None) or {}).items()}
    try:
        seconds = float(headers["retry-after"])
    except (KeyError, ValueError):
        return None
    return min(max(seconds, 0.05), _LONGEST_PAUSE_SECONDS)


def _translated(error: stripe.StripeError, code: str, kind: str) -> DomainError:
    status = error.http_status
    match error:
        case stripe.AuthenticationError():
            return StripeRefused(f"Stripe does not accept the key of “{code}”. Enter a valid one.", status=401)
        case stripe.PermissionError():
            right = _RIGHTS.get(kind, kind)
            return StripeRefused(
                f"The Stripe key of “{code}” lacks the read right “{right}”. Grant it in Stripe's dashboard.",
                status=403,
                right=right,
            )
        case stripe.InvalidRequestError() if status == 404:
            return NotFound(f"Stripe has no such {kind} for “{code}”.", status=404)
        case stripe.InvalidRequestError():
            return StripeRefused(
                f"Stripe refused the request for {kind}: {error.user_message or 'no reason'}", status=status
            )
        case stripe.RateLimitError():
            return Unavailable(f"Stripe limits the requests of “{code}” right now. Try again in a minute.", status=429)
        case _:
            return Unavailable(f"Stripe did not answer for “{code}”. Try again.", status=status)
