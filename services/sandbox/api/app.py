"""The server: authentication, idempotency, faults and errors around the objects."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.core.clock import Clock
from services.sandbox.api import changes
from services.sandbox.api.errors import StripeError, invalid, missing, unauthorized, unknown_url
from services.sandbox.api.faults import Faults, FaultSettings
from services.sandbox.api.listing import by_id, catalogue, expand, from_catalogue, page, retrieve
from services.sandbox.api.params import Params, parse
from services.sandbox.api.render_balance import account, balance
from services.sandbox.api.resources import BY_PATH
from services.sandbox.api.view import API_VERSION, Json, View

_CATALOGUE = ("products", "prices")
Answer = Callable[[Request, View, Params], Json]


class StripeServer:
    """Answers for the accounts whose keys it knows, as of the sandbox's clock."""

    def __init__(self, accounts: dict[str, View], clock: Clock, faults: FaultSettings | None = None) -> None:
        self._accounts = accounts
        self._clock = clock
        self.faults = Faults(faults or FaultSettings())

    def routes(self) -> list[Route]:
        return [
            Route("/sandbox/faults", self._set_faults, methods=["GET", "POST", "DELETE"]),
            Route("/sandbox/state", self._state),
            Route("/v1/account", self._answering(lambda _, view, __: account(view))),
            Route("/v1/accounts/{id}", self._answering(_account)),
            Route("/v1/balance", self._answering(lambda _, view, __: balance(view))),
            Route("/v1/payment_methods/{id}", self._answering(_payment_method)),
            Route("/v1/webhook_endpoints", self._changing(changes.create_endpoint), methods=["POST"]),
            Route("/v1/webhook_endpoints/{id}", self._changing(changes.delete_endpoint), methods=["DELETE"]),
            Route("/v1/refunds", self._changing(changes.create_refund), methods=["POST"]),
            Route("/v1/invoices/{id}/pay", self._changing(changes.pay_invoice), methods=["POST"]),
            Route("/v1/{resource}", self._answering(_list)),
            Route("/v1/{resource}/{id}", self._answering(_retrieve)),
            Route("/{path:path}", self._answering(_unknown), methods=["GET", "POST", "DELETE", "PUT", "PATCH"]),
        ]

    def _answering(self, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
        """A reading endpoint: query parameters in, the answer with its expansions out."""

        async def handle(request: Request) -> Response:
            try:
                view = self._authenticate(request)
                await self.faults.meet(request.url.path)
                params = parse(request.url.query)
                return self._respond(request, 200, expand(view, answer(request, view, params), params))
            except StripeError as error:
                return self._respond(request, error.status, error.body)

        return handle

    def _changing(self, change: Answer) -> Callable[[Request], Awaitable[Response]]:
        """A writing endpoint: done once per idempotency key; the same key again replays the stored answer."""

        async def handle(request: Request) -> Response:
            try:
                view = self._authenticate(request)
                await self.faults.meet(request.url.path)
                body = (await request.body()).decode()
                with view.store.writing():
                    status, answer, replayed = self._once(request, view, body, change)
                return self._respond(request, status, answer, replayed=replayed)
            except StripeError as error:
                return self._respond(request, error.status, error.body)

        return handle

    def _once(self, request: Request, view: View, body: str, change: Answer) -> tuple[int, Json, bool]:
        key = request.headers.get("idempotency-key")
        mark = hashlib.sha256(f"{request.method} {request.url.path} {body}".encode()).hexdigest()
        known = view.store.one("SELECT * FROM idempotency WHERE key = ?", key) if key else None
        if known is not None:
            if known["fingerprint"] != mark:
                raise StripeError(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                    f"Try using a key other than '{key}' if you meant to execute a different request.",
                    kind="idempotency_error",
                )
            return known["status"], orjson.loads(known["body"]), True
        params = parse(body)
        try:
            status, answer = 200, expand(view, change(request, view, params), params)
        except StripeError as error:
            status, answer = error.status, error.body
        if key:
            view.store.connection.execute(
                "INSERT INTO idempotency VALUES (?,?,?,?)", (key, mark, status, orjson.dumps(answer))
            )
        return status, answer, False

    def _authenticate(self, request: Request) -> View:
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        key = credentials.strip()
        if scheme.lower() == "basic":
            key = base64.b64decode(key + "==").decode(errors="replace").partition(":")[0]
        view = self._accounts.get(key)
        if view is None:
            raise unauthorized(key)
        return view.at(int(self._clock.now().timestamp()))

    def _respond(self, request: Request, status: int, body: Json, *, replayed: bool = False) -> Response:
        headers = {
            "Request-Id": f"req_{secrets.token_hex(7)}",
            "Stripe-Version": request.headers.get("stripe-version", API_VERSION),
            "Stripe-Should-Retry": "true" if status == 429 or status >= 500 else "false",
        }
        if status == 429:
            headers["Stripe-Rate-Limited-Reason"] = "global-rate"
        key = request.headers.get("idempotency-key")
        if key:
            headers["Idempotency-Key"] = key
        if replayed:
            headers["Idempotent-Replayed"] = "true"
        return Response(orjson.dumps(body), status, headers, media_type="application/json")

    async def _set_faults(self, request: Request) -> Response:
        """GET shows, POST replaces, DELETE ends all trouble."""
        try:
            if request.method == "POST":
                self.faults.set(FaultSettings.model_validate_json(await request.body()))
            elif request.method == "DELETE":
                self.faults.set(FaultSettings())
        except ValidationError as error:
            return Response(orjson.dumps({"error": str(error)}), 422, media_type="application/json")
        return Response(orjson.dumps(self.faults.shown()), media_type="application/json")

    async def _state(self, _: Request) -> Response:
        state: dict[str, Any] = {
            "now": int(self._clock.now().timestamp()),
            "accounts": {view.entity.code: view.ids.account for view in self._accounts.values()},
        }
        return Response(orjson.dumps(state), media_type="application/json")


def _account(request: Request, view: View, _: Params) -> Json:
    if request.path_params["id"] != view.ids.account:
        raise missing("account", request.path_params["id"])
    return account(view)


def _payment_method(request: Request, view: View, _: Params) -> Json:
    wanted = request.path_params["id"]
    found = by_id(view, wanted) if wanted.startswith("pm_") else None
    if found is None or found["created"] > view.now:
        raise missing("PaymentMethod", wanted)
    return found


def _list(request: Request, view: View, params: Params) -> Json:
    name = request.path_params["resource"]
    if name in _CATALOGUE:
        return catalogue(view, name, params)
    if name not in BY_PATH:
        raise unknown_url(request.method, request.url.path)
    return page(view, BY_PATH[name], params)


def _retrieve(request: Request, view: View, params: Params) -> Json:
    name, wanted = request.path_params["resource"], request.path_params["id"]
    if params.keys() - {"expand"}:
        unknown = min(params.keys() - {"expand"})
        raise invalid(f"Received unknown parameter: {unknown}", unknown, "parameter_unknown")
    if name in _CATALOGUE:
        return from_catalogue(view, name, wanted)
    if name not in BY_PATH:
        raise unknown_url(request.method, request.url.path)
    return retrieve(view, BY_PATH[name], wanted)


def _unknown(request: Request, _: View, __: Params) -> Json:
    raise unknown_url(request.method, request.url.path)


def build_app(server: StripeServer, beside: Sequence[Route] = (), **options: Any) -> Starlette:
    """Stripe's API, and `beside` it what else the outside world answers to."""
    return Starlette(routes=[*beside, *server.routes()], **options)
