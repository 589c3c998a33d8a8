"""OpenID Connect with the issuer that the operator names (OIDC_ISSUER): its endpoints, the code exchange, and the
validation of the ID token.

Calls go through our own session under a Deadline, outside of any transaction. joserfc checks the signatures
(docs/adr/0081-a-company-logs-in-by-openid-connect.md). Sources: OpenID Connect Core 1.0 (3.1.3.7) and Discovery 1.0,
RFC 7636 (PKCE), RFC 9207 (`iss` in the authorization response).
"""

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple, TypeVar
from urllib.parse import quote, urlencode

from django.conf import settings
from django.core.cache import cache
from django.utils.crypto import constant_time_compare
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key
from pydantic import Field, ValidationError

from integrations.http.hosts import COMPANY, check_url
from integrations.http.session import ProviderSession, Response
from integrations.payload import Payload
from jobs.db import drop_connection
from jobs.deadline import Deadline

TRY_MS = 5_000
LEEWAY_S = 60
"""The number of seconds by which the issuer's clock may differ from ours."""
CACHED_S = 600
ALGORITHMS = {
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
}
"""Signature algorithms that only the issuer can use. A token signed with a shared secret, or unsigned, is refused."""
KEY_TYPES = {"RSA", "EC", "OKP"}
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
CODE = re.compile(r"[ -~]+", re.ASCII)
"""Matches an authorization code (RFC 6749, A.11)."""

T = TypeVar("T")


class LoginRefused(Exception):
    """The issuer's response does not prove who the person is. The message names the failed checks and nothing else."""


class Metadata(Payload):
    """The fields that we use of the issuer's metadata."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False


class _Claims(Payload):
    iss: str
    aud: str | list[str]
    exp: float
    iat: float
    sub: str = Field(min_length=1, max_length=255, pattern=PRINTABLE)
    nbf: float = 0
    nonce: str = ""
    azp: str = ""
    auth_time: float | None = None
    email: str = Field("", max_length=254, pattern=PRINTABLE)
    email_verified: bool = False


class Attempt(NamedTuple):
    """One login that a browser has begun. With `again`, a logged-in user proves once more who they are."""

    state: str
    nonce: str
    verifier: str
    next: str
    began: float
    again: bool


class EndUser(NamedTuple):
    """The person whom the issuer has logged in: the issuer, its id of them, and their verified email address in lower
    case.

    `proven_at` (s since 1970) is when they proved to the issuer who they are; None if the issuer does not report it.
    """

    issuer: str
    subject: str
    email: str
    proven_at: float | None


def begin(next_url: str, *, again: bool = False) -> Attempt:
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Attempt(state, nonce, verifier, next_url, time.time(), again)


def login_url(attempt: Attempt, return_to: str, deadline: Deadline) -> str:
    """Returns the issuer's login page, which redirects to `return_to`. Raises LoginRefused and errors of calls."""
    url = _metadata(deadline).authorization_endpoint
    check_url(COMPANY, url)
    challenge = (
        base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=").decode()
    )
    query = {
        "response_type": "code",
        "client_id": settings.OIDC_CLIENT_ID,
        "redirect_uri": return_to,
        "scope": "openid email profile",
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        # This request makes the issuer report auth_time.
        "max_age": 0 if attempt.again else settings.SESSION_MAX_DAYS * 24 * 3600,
        **({"prompt": "login"} if attempt.again else {}),
    }
    return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"


def end_user(attempt: Attempt, code: str, issuer: str, return_to: str, deadline: Deadline) -> EndUser:
    """Returns the person that the issuer has logged in for `attempt`. Raises LoginRefused and errors of calls.

    `issuer` is the parameter `iss` of its response, or "".
    """
    if not CODE.fullmatch(code):  # a code that makes the issuer fail would count as its outage for everybody
        raise LoginRefused("code")
    metadata = _metadata(deadline)
    if issuer != metadata.issuer and (issuer or metadata.authorization_response_iss_parameter_supported):
        raise LoginRefused("issuer of the answer")
    token = _exchange(metadata, attempt, code, return_to, deadline)
    try:
        claims = _Claims.model_validate(_signed(token, metadata, deadline))
    except ValidationError as error:
        fields = {str(fault["loc"][0]) for fault in error.errors(include_input=False, include_url=False)}
        raise LoginRefused(", ".join(sorted(fields))) from None
    if failed := _failed(claims, metadata, attempt):
        raise LoginRefused(", ".join(failed))
    return EndUser(metadata.issuer, claims.sub, claims.email.strip().lower(), claims.auth_time)


def _failed(claims: _Claims, metadata: Metadata, attempt: Attempt) -> list[str]:
    client, now = settings.OIDC_CLIENT_ID, time.time()
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    checks = {
        "issuer": claims.iss == metadata.issuer,
        "audience": client in audience
        and (claims.azp == client if len(audience) > 1 else claims.azp in ("", client)),
        "expiry": claims.exp > now - LEEWAY_S,
        "time of issue": max(claims.iat, claims.nbf) < now + LEEWAY_S
        and claims.iat > attempt.began - LEEWAY_S,
        "nonce": constant_time_compare(claims.nonce, attempt.nonce),
        "verified address": "@" in claims.email
        and claims.email_verified
        # In lower case, U+212A (the Kelvin sign) becomes the k of another address.
        and (claims.email.isascii() or claims.email == claims.email.lower()),
        "time of login": not attempt.again or (claims.auth_time or 0) > attempt.began - LEEWAY_S,
    }
    return [name for name, holds in checks.items() if not holds]


def _metadata(deadline: Deadline) -> Metadata:
    url = f"{settings.OIDC_ISSUER}/.well-known/openid-configuration"
    metadata = _document(url, "discovery", deadline, lambda answer: Metadata.model_validate(answer.data))
    if metadata.issuer.rstrip("/") != settings.OIDC_ISSUER:
        raise LoginRefused("issuer of the description")
    return metadata


def _document(
    url: str, operation: str, deadline: Deadline, parse: Callable[[Response], T], *, fresh: bool = False
) -> T:
    """Returns a document of the issuer, up to CACHED_S seconds old. A document that `parse` refuses is not cached."""
    key = f"oidc.{hashlib.sha256(url.encode()).hexdigest()}"
    document: T | None = None if fresh else cache.get(key)
    if document is None:
        document = _session().request("GET", url, operation=operation, deadline=deadline, parse=parse)
        cache.set(key, document, CACHED_S)
    return document


def _exchange(metadata: Metadata, attempt: Attempt, code: str, return_to: str, deadline: Deadline) -> str:
    """Exchanges `code` for the ID token, and returns the token. Only the browser of `attempt` has the verifier."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": return_to,
        "code_verifier": attempt.verifier,
        "client_id": settings.OIDC_CLIENT_ID,
    }
    headers = {}
    if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
        pair = ":".join(
            quote(part, safe="") for part in (settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET)
        )
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    else:
        form["client_secret"] = settings.OIDC_CLIENT_SECRET
    return _session().request(
        "POST",
        metadata.token_endpoint,
        operation="token",
        deadline=deadline,
        data=form,
        headers=headers,
        parse=lambda answer: str(answer.data["id_token"]),
    )


def _signed(token: str, metadata: Metadata, deadline: Deadline) -> dict[str, Any]:
    for fresh in (False, True):
        keys = []
        for key in _document(metadata.jwks_uri, "keys", deadline, _signing_keys, fresh=fresh):
            with suppress(JoseError, ValueError, KeyError):  # a key type that is unknown here (RFC 7517, 5)
                keys.append(import_key(key))
        with suppress(JoseError, ValueError):
            return jwt.decode(token, KeySet(keys), algorithms=ALGORITHMS).claims
    raise LoginRefused("signature")


def _signing_keys(answer: Response) -> list[dict[str, Any]]:
    return [
        key for key in answer.data["keys"] if key.get("kty") in KEY_TYPES and key.get("use", "sig") == "sig"
    ]


def _session() -> ProviderSession:
    drop_connection()
    return ProviderSession(provider=COMPANY, timeout_ms=TRY_MS, max_retries=1)
