"""What every request gets: an id, one log line without secrets, and the headers that Django does not set."""

import logging
import re
import time
import uuid

import structlog

from config.logs import redact_path

logger = logging.getLogger(__name__)
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
QUIET_PATHS = ("/static/", "/healthz", "/readyz", "/metrics")


class RequestLogMiddleware:
    """Binds a request id to all log lines, echoes it as `X-Request-Id`, and logs method, path, status and ms."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request):
        started = time.perf_counter()
        given = request.headers.get("X-Request-Id", "")
        request.id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        with structlog.contextvars.bound_contextvars(request_id=request.id):
            response = self.get_response(request)
            response["X-Request-Id"] = request.id
            if not request.path.startswith(QUIET_PATHS):
                logger.info(
                    "request",
                    extra={
                        "method": request.method,
                        "path": redact_path(request.path),
                        "status": response.status_code,
                        "ms": round((time.perf_counter() - started) * 1000, 1),
                    },
                )
        return response


class PermissionsPolicyMiddleware:
    """The product needs no device: none is allowed."""

    def __init__(self, get_response) -> None:
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"
        )
        return response
