"""Simulates a company's login: an OpenID provider with the code flow and PKCE, as strict as OpenID Connect Core 1.0.

The provider shows no login form: it logs in the person that its account `issuer` names. That account has these
properties:

- `person`: claims about the person.
- `claims`: claims that override those of the ID token; None removes a claim.
- `skew_s`: the seconds by which the provider's clock is ahead.
- `key`: the number of the key that signs, 1 or 2.
- `published`: the numbers of the keys that the provider publishes; by default only the number of the signing key.
  `more_keys`: other published keys.
- `algorithm`: `none`, or `HS256` with the client's secret.
- `description`, `answer`: fields that override those of the provider's metadata, and of its redirect after the login.
"""

import base64
import functools
import hashlib
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from sandbox.provider import Call, Provider
from sandbox.state import Shelf
from sandbox.web import BadRequestError, Request, Response, Router, json_response

ACCOUNT = "issuer"
CLIENT, SECRET = "holdfast", "secret-of-holdfast"
PERSON = {"sub": "dana-1", "email": "dana@example.org", "email_verified": True, "name": "Dana Reyes"}
LIFE_S = 300


@functools.cache
def key_of(number: int) -> RSAKey:
    """Returns the RSA key with this number, which this process creates on first use."""
    return RSAKey.generate_key(2048, {"kid": f"key-{number}", "use": "sig", "alg": "RS256"})


routes = Router()


@dataclass
class Store:
    codes: dict[str, dict[str, str]] = field(default_factory=Shelf)


class Company(Provider):
    name = "company"
    routes = routes
    new_data = Store

    def credential(self, request: Request) -> str:
        return ACCOUNT

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        return {"error": code or "server_error", "error_description": text}


def _issuer(call: Call) -> str:
    return f"{call.request.origin}/company"


@routes.on("GET", "/.well-known/openid-configuration")
def description(call: Call) -> Response:
    issuer = _issuer(call)
    return json_response(
        {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        | call.account.properties.get("description", {})
    )


@routes.on("GET", "/keys")
def keys(call: Call) -> Response:
    properties = call.account.properties
    published = properties.get("published", [properties.get("key", 1)])
    more = properties.get("more_keys", [])
    return json_response({"keys": [*more, *(key_of(number).as_dict(private=False) for number in published)]})


@routes.on("GET", "/authorize")
def authorize(call: Call) -> Response:
    query = call.request.query
    wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
    wrong = [name for name, text in wanted.items() if query.get(name) != text]
    wrong += [name for name in ("redirect_uri", "state", "nonce", "code_challenge") if not query.get(name)]
    if "openid" not in query.get("scope", "").split():
        wrong.append("scope")
    if wrong:
        raise BadRequestError(f"wrong or missing: {', '.join(wrong)}", code="invalid_request")
    code = secrets.token_urlsafe(16)
    call.store.codes[code] = query
    answer = {"code": code, "state": query["state"], "iss": _issuer(call)} | call.account.properties.get(
        "answer", {}
    )
    return Response(302, headers={"Location": f"{query['redirect_uri']}?{urlencode(answer)}"})


@routes.on("POST", "/token")
def token(call: Call) -> Response:
    form = call.request.data
    _, _, pair = call.request.headers.get("authorization", "").partition(" ")
    client = [unquote(part) for part in base64.b64decode(pair or "Og==").decode().split(":", 1)]
    if client != [CLIENT, SECRET]:
        raise BadRequestError("the client is not known", status=401, code="invalid_client")
    grant = call.store.codes.pop(str(form.get("code")), None)
    challenge = _encoded(hashlib.sha256(str(form.get("code_verifier")).encode()).digest())
    if (
        grant is None
        or form.get("grant_type") != "authorization_code"
        or form.get("redirect_uri") != grant["redirect_uri"]
        or challenge != grant["code_challenge"]
    ):
        raise BadRequestError("the code is over, or not for this client", code="invalid_grant")
    return json_response(
        {
            "access_token": secrets.token_urlsafe(16),
            "token_type": "Bearer",
            "id_token": _id_token(call, grant),
        }
    )


def _id_token(call: Call, grant: dict[str, str]) -> str:
    properties = call.account.properties
    now = int(time.time()) + int(properties.get("skew_s", 0))
    claims: dict[str, Any] = {
        "iss": _issuer(call),
        "aud": CLIENT,
        "iat": now,
        "exp": now + LIFE_S,
        "auth_time": now,
        "nonce": grant["nonce"],
    }
    claims |= PERSON | properties.get("person", {}) | properties.get("claims", {})
    claims = {name: claim for name, claim in claims.items() if claim is not None}
    number, algorithm = int(properties.get("key", 1)), properties.get("algorithm", "RS256")
    key = key_of(number) if algorithm == "RS256" else OctKey.import_key(SECRET)
    return jwt.encode({"alg": algorithm, "kid": f"key-{number}"}, claims, key, algorithms=[algorithm])


def _encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


PLAYER = Company()
