"""Authenticates a program by its API token, and checks the token's scope against the one that the view declares."""

from typing import Any, cast

from django.contrib.auth.models import AnonymousUser
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, MethodNotAllowed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from inbox.workspaces.throttling import client_address
from integrations.http.ratelimit import RateLimit
from integrations.models import ApiToken, hash_key, note_use

ANY = ""
"""The scope of a method that every token may use."""
LONGEST_TOKEN = 200
REQUESTS, WINDOW_S = 100, 1.0
"""The most requests that one token may make in WINDOW_S seconds."""


class InsufficientScope(PermissionDenied):
    """The token lacks `scope`."""

    default_code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This token is missing the scope {scope}.")
        self.scope = scope


class TokenAuthentication(BaseAuthentication):
    """Finds an API token with one indexed query for the token's hash. All failures get the same response."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, ApiToken]:
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or len(text) > LONGEST_TOKEN:
            raise AuthenticationFailed
        tokens = ApiToken.objects.select_related("workspace")
        token = tokens.filter(token_hash=hash_key(text.strip())).first()
        if token is None or not token.is_usable or not token.admits(client_address(request)):
            raise AuthenticationFailed
        note_use(token, token.last_used_at)
        return AnonymousUser(), token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class HasScope(BasePermission):
    """Allows a request if its API token has all scopes that the view's `scopes` declares for the method, separated by
    spaces. A view without `scopes` refuses every method.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        stated = getattr(view, "scopes", {}).get(request.method)
        if stated is None:
            raise MethodNotAllowed(str(request.method))
        for scope in stated.split():
            if scope not in cast(ApiToken, request.auth).scopes:
                raise InsufficientScope(scope)
        return True


class TokenThrottle(BaseThrottle):
    """Limits the requests of one API token, counted over all web processes."""

    wait_ms = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        self.wait_ms = RateLimit(f"api:{request.auth.pk}", REQUESTS, WINDOW_S).take()
        return not self.wait_ms

    def wait(self) -> float:
        return self.wait_ms / 1000
