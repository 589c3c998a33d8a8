"""Simulates a company's login: an OpenID provider with the code flow and PKCE, as strict as OpenID Connect Core 1.0.

It logs in the person of its account `issuer` at once. The properties of that account:

- `person`: claims about the person.
- `claims`: override the ID token's own claims; None removes one.
- `skew_s`: how many seconds its clock is ahead.
- `key`: the number of the key that signs, 1 or 2.
- `published`: the numbers of the keys that it lists, by default the one that signs. `more_keys`: other keys in the
  list.
- `algorithm`: `none`, or `HS256` with the client's secret.
- `description`: overrides fields of its metadata.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlencode

from sandbox.provider import Call, Provider
from sandbox.state import Shelf
from sandbox.web import BadRequestError, Request, Response, Router, json_response

ACCOUNT = "issuer"
CLIENT, SECRET = "holdfast", "secret-of-holdfast"
PERSON = {"sub": "dana-1", "email": "dana@example.org", "email_verified": True, "name": "Dana Reyes"}
LIFE_S = 300
EXPONENT = 65_537
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
"""The prefix of the hash in an RS256 signature (RFC 8017, 9.2)."""
KEYS = tuple(
    (int(p, 16), int(q, 16))
    for p, q in (
        (
            "f44ea23d970ac844bbd815e24e632940050a8429adaede2e343ed04ca65f5e3e1b19b29d0406ddc448064d2c1af0f286f14a"
            "5f16fa508c52aa5d9a6d2f6a8e59f333b2a567e2b62dc83cb61d9edccf9df8d653dc4a132b04cf71d59484e92dac62b0d6b4"
            "5e078b7162ace9675b87a61067cf7f80351548d255c876f5d5008e37",
            "e3f20f9e3759d5ec6b71aeab0de59664b60ef4a714f5f98622d6fb0e9f64d4e41d2fcf518d2bc5bb9141f474ce2ddba9107b"
            "7b23394ae14f52d1374fbbfa650976e155d1d3cbbe9e6e5f373f14417d1723766f11ebcce49c8dc1920b27804f2e3ed7f548"
            "6bfa953e5cb7872ef20c48ec49900a59eaa84c9bfb13c478a4bfdff9",
        ),
        (
            "ecd41b379f26b9bcf167a701ee412b2036c126fd4d4d7bdaab9b807644ef187eaac1b666411a87e5b30730c9dac408906065"
            "a960f8cf55129318747b898ec197578e13b5e687e1685a897dbdb5625389afecddb69ad8dc82ab1129f31db458d08e991d5d"
            "301398b6ae043e0755f909627ff679362a76f41abd400790c8dc26f9",
            "c33d2a6fc75b052f9a0031c074f8ffa9a598cbce5662d69da105b424a77ed24595f97e8292e1f0d7d1412a8eb8819fc329e6"
            "f43ab0457bf32754195a36548e13b87650c45af173aa5e7192f01a31bbe8642b4d5321ea75edc6871045c42a1debc03624bf"
            "819433b937264f7ed0d4ea475c3f8146a1bda5fb3d4fe38cdf7e2a83",
        ),
    )
)
"""The primes of its two 2048-bit RSA keys. They are not secret."""

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

    def error(self, status: int, code: str | None = None, message: str | None = None) -> Response:
        return json_response({"error": code or "server_error", "error_description": message or ""}, status)


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
    return json_response({"keys": [*more, *(_public_key(number) for number in published)]})


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
    number = int(properties.get("key", 1))
    header = {"alg": properties.get("algorithm", "RS256"), "kid": f"key-{number}"}
    signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
    signature = b""
    if header["alg"] == "RS256":
        signature = _rsa(signed.encode(), number)
    elif header["alg"] == "HS256":
        signature = hmac.digest(SECRET.encode(), signed.encode(), "sha256")
    return f"{signed}.{_encoded(signature)}"


def _public_key(number: int) -> dict[str, str]:
    p, q = KEYS[number - 1]
    parts = {"n": p * q, "e": EXPONENT}
    encoded = {
        name: _encoded(part.to_bytes(-(-part.bit_length() // 8), "big")) for name, part in parts.items()
    }
    return {"kty": "RSA", "kid": f"key-{number}", "use": "sig", "alg": "RS256", **encoded}


def _rsa(text: bytes, number: int) -> bytes:
    """Returns the signature of `text` by RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, 8.2.1)."""
    p, q = KEYS[number - 1]
    digest = SHA256 + hashlib.sha256(text).digest()
    padded = b"\0\1" + b"\xff" * (253 - len(digest)) + b"\0" + digest
    private = pow(EXPONENT, -1, (p - 1) * (q - 1))
    return pow(int.from_bytes(padded, "big"), private, p * q).to_bytes(256, "big")


def _encoded(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


PLAYER = Company()
