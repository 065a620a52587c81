"""A real OpenID provider for tests, on Authlib's own provider classes, over real HTTP on a free port."""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from authlib.oauth2.rfc6749 import AuthorizationServer, grants
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload, JsonRequest, OAuth2Request
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc import jwk
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route


@dataclass
class Provider:
    """Who signs in there next (`person`), and what it answers wrongly when told to.

    Its own session lasts: `last_proof` is when somebody proved there who they are, renewed at `prompt=login`. With
    `page` it shows a form as a person sees it, else it signs in at once. `claims` replaces claims of its token,
    `key_id` names the one key that it signs with and publishes.
    """

    issuer: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    wrong_nonce: bool = False
    wrong_audience: bool = False
    wrong_key: bool = False
    expired: bool = False
    page: bool = False
    stale: bool = False
    silent: bool = False
    last_proof: int = field(default_factory=lambda: int(time.time()))
    acr: str | None = None
    amr: list[str] | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    key_id: str = "k1"


@dataclass
class _Client:
    client_id: str = "kontor"
    secret: str = "provider-side"

    def get_client_id(self):
        return self.client_id

    def get_default_redirect_uri(self):
        return ""

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri.endswith("/auth/openid/back")

    def check_client_secret(self, secret):
        return secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "client_secret_basic"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


@dataclass
class _Code:
    code: str
    redirect_uri: str
    scope: str
    nonce: str
    user: dict[str, Any]
    code_challenge: str
    code_challenge_method: str
    state: Provider

    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return self.nonce

    def get_auth_time(self):
        return None if self.state.silent else self.state.last_proof

    def get_acr(self):
        return self.state.acr

    def get_amr(self):
        return self.state.amr


class _Server(AuthorizationServer):
    def __init__(self, state: Provider) -> None:
        super().__init__(scopes_supported=["openid", "email", "profile"])
        self.state, self.codes, self._keys = state, {}, {}

    @property
    def key(self) -> jwk.RSAKey:
        kid = self.state.key_id
        if kid not in self._keys:
            self._keys[kid] = jwk.RSAKey.generate_key(2048, {"kid": kid})
        return self._keys[kid]

    def query_client(self, client_id) -> Any:
        return _Client() if client_id == "kontor" else None

    def save_token(self, token, request):
        pass

    def create_oauth2_request(self, request):
        made = OAuth2Request(request["method"], request["uri"], headers=request["headers"])
        made.payload = BasicOAuth2Payload(request["form"])
        setattr(made, "_body", request["form"])  # noqa: B010
        return made

    def create_json_request(self, request):
        return JsonRequest(request["method"], request["uri"], request["headers"])

    def handle_response(self, status, body, headers):
        if isinstance(body, dict):
            return JSONResponse(body, status, headers=dict(headers))
        return Response(body, status, headers=dict(headers))

    def send_signal(self, name, *args, **kwargs):
        pass


def _grants(server: _Server) -> None:
    class CodeGrant(grants.AuthorizationCodeGrant):
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code, request: Any):
            data: Any = request.payload.data
            server.codes[code] = _Code(
                code,
                data["redirect_uri"],
                data["scope"],
                data["nonce"],
                dict(server.state.person),
                data["code_challenge"],
                data["code_challenge_method"],
                server.state,
            )

        def query_authorization_code(self, code, client):
            return server.codes.get(code)

        def delete_authorization_code(self, authorization_code):
            server.codes.pop(authorization_code.code, None)

        def authenticate_user(self, authorization_code):
            return authorization_code.user

    class Code(OpenIDCode):
        def exists_nonce(self, nonce, request):
            return False

        def resolve_client_private_key(self, client):
            return jwk.RSAKey.generate_key(2048, {"kid": "k1"}) if server.state.wrong_key else server.key

        def get_client_algorithm(self, client):
            return "RS256"

        def get_client_claims(self, client):
            now = int(time.time())
            return {"iss": server.state.issuer, "aud": ["kontor"], "iat": now, "exp": now + 300}

        def get_compatible_claims(self, request):
            claims = super().get_compatible_claims(request)  # pyright: ignore[reportAttributeAccessIssue]
            return {name: value for name, value in claims.items() if name != "auth_time"}

        def generate_user_info(self, user, scope):
            changed: dict[str, Any] = {"nonce": "another"} if server.state.wrong_nonce else {}
            changed |= {"aud": ["somebody-else"]} if server.state.wrong_audience else {}
            changed |= {"exp": int(time.time()) - 600} if server.state.expired else {}
            return UserInfo(**{**user, **changed, **server.state.claims})

    generator = BearerTokenGenerator(lambda **_: secrets.token_urlsafe(32))
    server.register_token_generator("default", generator)
    server.register_grant(CodeGrant, [CodeChallenge(required=True), Code(require_nonce=True)])


_PAGE = """<!doctype html><html lang="en"><title>The organisation</title><h1>The organisation</h1>
<form method="post"><button>Sign in as Ada</button></form></html>"""


def _application(state: Provider, server: _Server) -> Starlette:
    async def described(_: Request) -> Response:
        base = state.issuer
        return JSONResponse(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "jwks_uri": f"{base}/keys",
            }
        )

    async def plain(request: Request) -> dict[str, Any]:
        form = dict(await request.form()) if request.method == "POST" else {}
        return {
            "method": request.method,
            "uri": str(request.url),
            "headers": {k.title(): v for k, v in request.headers.items()},
            "form": {**dict(request.query_params), **form},
        }

    async def authorize(request: Request) -> Response:
        asked = await plain(request)
        if state.page and request.method == "GET":
            return HTMLResponse(_PAGE)
        if asked["form"].get("prompt") == "login" and not state.stale:
            state.last_proof = int(time.time())
        made = server.create_oauth2_request(asked)
        grant: Any = server.get_authorization_grant(made)
        grant.validate_authorization_request()
        answer: Any = server.create_authorization_response(made, grant_user=state.person, grant=grant)
        return answer

    async def token(request: Request) -> Response:
        answer: Any = server.create_token_response(await plain(request))
        return answer

    async def keys(_: Request) -> Response:
        return JSONResponse({"keys": [server.key.as_dict(private=False)]})

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", described),
            Route("/authorize", authorize, methods=["GET", "POST"]),
            Route("/token", token, methods=["POST"]),
            Route("/keys", keys),
        ]
    )


@contextlib.contextmanager
def running(port: int) -> Iterator[Provider]:
    """The provider on `port`, until the block ends."""
    state = Provider(issuer=f"http://127.0.0.1:{port}")
    server = _Server(state)
    _grants(server)
    web = uvicorn.Server(uvicorn.Config(_application(state, server), host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=web.run)
    thread.start()
    try:
        while not web.started:
            time.sleep(0.02)
        yield state
    finally:
        web.should_exit = True
        thread.join()
