"""An OpenID provider, over its discovery document: where to send a browser, and whom it then vouches for."""

from __future__ import annotations

import datetime as dt
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from services.core.errors import Forbidden, Unavailable

with warnings.catch_warnings(record=True):  # it recommends another HTTP client to whoever starts the console
    from authlib.integrations.httpx_client import OAuth2Client

_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
_KEPT = 600.0  # seconds that the provider's own description is trusted to stay
_TIMEOUT = 10.0
_CLOCKS_APART = 60  # seconds that the provider's clock may be ahead or behind


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom the provider vouches for; `email` only when it says that it verified the address.

    `proved_at` is when the person last proved to the provider who they are, and `by` how (RFC 8176); None and empty
    where it does not say.
    """

    issuer: str
    subject: str
    email: str | None
    name: str
    groups: frozenset[str]
    proved_at: dt.datetime | None = None
    by: tuple[str, ...] = ()


class OpenIdProvider:
    """Authorization code with PKCE, state and nonce; the ID token is checked against the provider's keys."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str | None,
        groups_claim: str = "groups",
        strengths: Sequence[str] = (),
    ) -> None:
        """`strengths` are the values of `acr` of which one is asked for and has to be in the token."""
        self.issuer = issuer
        self._strengths = tuple(strengths)
        self._client_id, self._client_secret = client_id, client_secret
        self._groups_claim = groups_claim
        self._described: tuple[float, dict[str, Any]] | None = None

    def address(self, *, redirect: str, state: str, nonce: str, verifier: str, again: bool = False) -> str:
        """Where the browser goes. With `again` the provider asks for the proof anew, whatever session it has."""
        more = {"prompt": "login", "max_age": "0"} if again else {}
        more |= {"acr_values": " ".join(self._strengths)} if self._strengths else {}
        url, _ = self._client(redirect).create_authorization_url(
            self._description()["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier, **more
        )
        return url

    def vouched(self, *, redirect: str, code: str, verifier: str, nonce: str) -> Vouched:
        """Exchanges the code. Raises Forbidden for a token that is not as it should be, Unavailable without answer."""
        description = self._description()
        try:
            client: Any = self._client(redirect)
            with client:
                token = client.fetch_token(
                    description["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
                )
            described: Any = self._get(description["jwks_uri"])
            keys = KeySet.import_key_set(described)
            claims = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS).claims
            self._check(claims, nonce)
        except httpx.HTTPError as error:
            raise Unavailable("The sign-in service did not answer. Try again.") from error
        except (AuthlibBaseError, JoseError, KeyError, ValueError) as error:
            raise Forbidden("The sign-in service's answer was not accepted. Begin again.") from error
        groups, by = claims.get(self._groups_claim), claims.get("amr")
        return Vouched(
            self.issuer,
            str(claims["sub"]),
            str(claims["email"]).lower() if claims.get("email") and claims.get("email_verified") is True else None,
            str(claims.get("name") or claims.get("email") or claims["sub"])[:100],
            frozenset(str(group) for group in groups) if isinstance(groups, list) else frozenset(),
            dt.datetime.fromtimestamp(claims["auth_time"], dt.UTC) if "auth_time" in claims else None,
            tuple(str(way)[:20] for way in by[:8]) if isinstance(by, list) else (),
        )

    def _check(self, claims: dict[str, Any], nonce: str) -> None:
        registry = jwt.JWTClaimsRegistry(
            leeway=_CLOCKS_APART,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self._client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        registry.validate(claims)
        if claims.get("azp", self._client_id) != self._client_id or ("azp" not in claims and _audiences(claims) > 1):
            raise ValueError("azp")
        proved = claims.get("auth_time", 0)
        if not isinstance(proved, int | float) or not 0 <= proved <= time.time() + _CLOCKS_APART:
            raise ValueError("auth_time")
        if self._strengths and claims.get("acr") not in self._strengths:
            raise ValueError("acr")

    def _description(self) -> dict[str, Any]:
        if self._described is None or time.monotonic() - self._described[0] > _KEPT:
            found = self._get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.issuer:
                raise Unavailable("The sign-in service describes itself under another name.")
            self._described = time.monotonic(), found
        return self._described[1]

    def _get(self, address: str) -> dict[str, Any]:
        try:
            answer = httpx.get(address, timeout=_TIMEOUT)
            answer.raise_for_status()
            return answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable("The sign-in service did not answer. Try again.") from error

    def _client(self, redirect: str) -> OAuth2Client:
        return OAuth2Client(
            self._client_id,
            self._client_secret,
            scope="openid email profile",
            redirect_uri=redirect,
            code_challenge_method="S256",
            timeout=_TIMEOUT,
        )


def _audiences(claims: dict[str, Any]) -> int:
    """For how many parties the token is."""
    return len(claims["aud"]) if isinstance(claims["aud"], list) else 1
