"""Authenticates programs by their tokens, and checks the scope that a view states for each of its methods."""

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
"""The most requests of one token in any such time, in seconds."""


class InsufficientScope(PermissionDenied):
    """The token lacks `scope`."""

    default_code = "insufficient_scope"

    def __init__(self, scope: str) -> None:
        super().__init__(f"This token lacks the scope {scope}.")
        self.scope = scope


class TokenAuthentication(BaseAuthentication):
    """Finds the token by one indexed look-up of its hash. Every refusal is answered alike."""

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
    """Allows a method if the view's `scopes` names it and the token has the scopes there, separated by a blank. A view
    without `scopes` allows nothing.
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
    """Limits the requests of one token over all processes."""

    wait_ms = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        self.wait_ms = RateLimit(f"api:{request.auth.pk}", REQUESTS, WINDOW_S).take()
        return not self.wait_ms

    def wait(self) -> float:
        return self.wait_ms / 1000
