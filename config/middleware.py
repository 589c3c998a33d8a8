"""Middleware for every request. It gives the request an id and a log line, sets the header Permissions-Policy, keeps
the cookie of a newer session, requires a login, and redirects a browser from a URL that accepts only forms.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import structlog
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions import middleware as sessions_middleware
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from prometheus_client import Histogram

from inbox.pages.access import signed_in
from inbox.workspaces import sessions
from inbox.workspaces.throttling import client_address
from jobs.redaction import redact_path

logger = logging.getLogger(__name__)
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
KINDS = {"/api/v1/": "api", "/api/webhooks/": "webhook", "/api/cron/": "cron", "/admin/": "admin"}
"""The kind of a request by the prefix of its path. All other requests are pages."""
request_seconds = Histogram("holdfast_request_seconds", "How long a request took.", ["kind", "status"])
# start each label at 0: an alert misses the first event of a new label
for _kind in (*KINDS.values(), "page"):
    request_seconds.labels(_kind, 500)
QUIET_PATHS = ("/static/", "/healthz", "/readyz", "/metrics")
EACH_SECOND = "/live/"
"""The path that open pages request every second. Only its failures are counted and logged."""


class Middleware:
    """Base class of our middleware, which stores `get_response`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response


class RequestLogMiddleware(Middleware):
    """Gives each request an id, counts it, and logs its method, path, status and duration in ms. Static files, health
    pages and successful `/live/` requests are not logged.

    The request's log lines and the response header `X-Request-Id` contain the request's id. An id in the client's
    `X-Request-Id` is used if it has 8 to 64 letters, digits and dashes.
    """

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        sent_id = request.headers.get("X-Request-Id", "")
        request_id = sent_id if REQUEST_ID.fullmatch(sent_id) else uuid.uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
            response["X-Request-Id"] = request_id
            asks = (
                request.path.startswith(EACH_SECOND)
                and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR
            )
            if not (asks or request.path.startswith(QUIET_PATHS)):
                seconds = time.perf_counter() - started
                kind = next((kind for path, kind in KINDS.items() if request.path.startswith(path)), "page")
                request_seconds.labels(kind, response.status_code).observe(seconds)
                logger.info(
                    "request",
                    extra={
                        "method": request.method,
                        "path": redact_path(request.path),
                        "status": response.status_code,
                        "ms": round(seconds * 1000, 1),
                    },
                )
        return response


class PermissionsPolicyMiddleware(Middleware):
    """Denies pages the camera, microphone, location and payment APIs, which the product does not need."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"
        )
        return response


class SessionMiddleware(sessions_middleware.SessionMiddleware):
    """Django's SessionMiddleware, except that only a request that ends its session deletes the cookie. A request of a
    session that is already over does not: in another tab, the user may have logged in again before the response comes.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        response = super().process_response(request, response)
        if not request.session.modified:
            response.cookies.pop(settings.SESSION_COOKIE_NAME, None)
        return response


class LoginMiddleware(LoginRequiredMiddleware):
    """Django's LoginRequiredMiddleware, which requires a login for all pages that are not public. For pages that
    require a login, the middleware also records the use of the session, and logs out a user whose session has ended. On
    public pages, the middleware does not load the user.
    """

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., HttpResponseBase],
        view_args: Any,
        view_kwargs: Any,
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        refusal = super().process_view(request, view_func, view_args, view_kwargs)
        if refusal is None and not sessions.note_use(request, signed_in(request), client_address(request)):
            logout(request)
            refusal = self.handle_no_permission(request, view_func)
        return refusal

    def handle_no_permission(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseRedirect:
        """Redirects to the login page, which later leads back to the requested page or, for the URL of a form, to the
        page that contains the form.
        """
        page = request.headers.get("Referer", "")
        if request.method == "GET" or not url_has_allowed_host_and_scheme(page, {request.get_host()}):
            return super().handle_no_permission(request, view_func)
        scheme, host, *address = urlsplit(page)
        return redirect_to_login(urlunsplit(("", "", *address)), self.get_login_url(view_func))


class FormAddressMiddleware(Middleware):
    """Redirects a browser from an address that only accepts forms to the page above it. Other clients get a 405."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        opened = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
        if (
            response.status_code != HTTPStatus.METHOD_NOT_ALLOWED
            or not opened
            or request.path.startswith("/api/")
        ):
            return response
        query = f"?{request.META['QUERY_STRING']}" if request.META["QUERY_STRING"] else ""
        return redirect(_page_above(request.path) + query)


def _page_above(path: str) -> str:
    while path != "/":
        path = path[: path.rstrip("/").rfind("/") + 1]
        with suppress(Resolver404):
            resolve(path)
            return path
    return path
