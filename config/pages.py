"""Limits the database statements of pages, and shows an error page while the database does not answer.

`SET LOCAL …; SELECT …` sends the time limit in the same message as the statement, which saves a round trip. PostgreSQL
runs the limit and the statement in one transaction, so the limit also works behind PgBouncer. Webhooks and cron
requests have limits of their own.
"""

import logging
import sys
from collections.abc import Callable
from typing import Any, cast

from django.conf import settings
from django.core.signals import got_request_exception
from django.db import Error, connection
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from psycopg.pq import TransactionStatus

from jobs import stalls
from jobs.db import Fault, db_fault, drop_connection
from jobs.failures import facts_of

logger = logging.getLogger(__name__)

NO_PAGES = ("/api/webhooks/", "/api/cron/")
CLIENT_GRACE_S = 0.5
"""Seconds past PostgreSQL's limit after which the client ends a statement, which happens only if PostgreSQL is
stalled."""
RETRY_AFTER_S = {Fault.UNREACHABLE: 30, Fault.RETRY: 1}
"""Seconds after which a client may retry, by fault. Slow statements are left out, because they would be slow again."""


class PageDatabaseMiddleware:
    """Limits each statement of a page (PAGE_STATEMENT_TIMEOUT_MS). Responds with 503 if the database is down, too slow,
    or temporarily refuses connections. An error in our own code stays a 500.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(NO_PAGES):
            return self.get_response(request)
        limit_ms = settings.PAGE_STATEMENT_TIMEOUT_MS
        patience_s = limit_ms / 1000 + CLIENT_GRACE_S
        with connection.execute_wrapper(limited(limit_ms)), stalls.request_limit(patience_s):
            response = self.get_response(request)
        fault = getattr(request, "database_fault", None)
        if fault is None or response.status_code != 500:
            return response
        match = request.resolver_match
        facts = {"fault": fault, "view": match and match.view_name}
        logger.warning("page without its database", extra=facts | cast(FaultyRequest, request).database_facts)
        # Otherwise Django would check the connection when the request ends, and wait long for a frozen database.
        drop_connection()
        return unavailable(request, fault)


def limited(limit_ms: int) -> Callable[..., Any]:
    """An `execute_wrapper` with which PostgreSQL cancels a statement after `limit_ms` (error 57014, `Fault.SLOW`). The
    first statement of a transaction sets the time limit for all statements of the transaction. `executemany` is limited
    only inside a transaction, because it cannot send a second statement.
    """
    prefix = f"SET LOCAL statement_timeout = {limit_ms:d}; "

    def execute_limited(
        execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]
    ) -> Any:
        session = context["connection"].connection
        if many or session.info.transaction_status != TransactionStatus.IDLE:
            return execute(sql, params, many, context)
        outcome = execute(prefix + sql, params, many, context)
        context["cursor"].nextset()  # skip the result of the SET statement
        return outcome

    return execute_limited


class FaultyRequest(HttpRequest):
    """A request whose view failed because the database did not answer or temporarily refused."""

    database_fault: Fault
    database_facts: dict[str, str]


@receiver(got_request_exception)
def note_fault(request: HttpRequest, **_: object) -> None:
    """Stores the database's fault on a request whose view failed because of the fault."""
    error = sys.exc_info()[1]
    if isinstance(error, Error) and db_fault(error) is not Fault.BUG:
        faulty = cast(FaultyRequest, request)
        faulty.database_fault, faulty.database_facts = db_fault(error), facts_of(error)


class WithoutOutages(logging.Filter):
    """Drops Django's log records about database failures, which the middleware has already logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not hasattr(getattr(record, "request", None), "database_fault")


def unavailable(request: HttpRequest, fault: Fault) -> HttpResponse:
    """A 503 response that needs no database query: a page, a sentence for htmx, or JSON. Its header Retry-After is set
    if a retry makes sense.
    """
    part = "HX-Request" in request.headers
    context = {
        "part": part,
        "fault": str(fault),
        "seconds": settings.PAGE_STATEMENT_TIMEOUT_MS / 1000,
        "sent": request.method not in ("GET", "HEAD"),
        "searched": bool(request.GET.get("q")),
        "text": request.POST.get("text", ""),
        "home": resolve_url("home"),
    }
    error = "too_slow" if fault is Fault.SLOW else "unavailable"
    if request.path.startswith("/api/v1/"):
        # imported here because the apps are not loaded yet when logging loads this filter
        from api import problems

        body = problems.problem(503, error, "The database isn’t responding.")
        response: HttpResponse = JsonResponse(body, status=503, content_type=problems.TYPE)
    elif part:
        words = " ".join(render_to_string("partials/unavailable.txt", context).split())
        response = HttpResponse(words, content_type="text/plain", status=503)
    elif request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        response = JsonResponse({"success": False, "error": error}, status=503)
    else:
        response = HttpResponse(render_to_string("503.html", context), status=503)
    if fault in RETRY_AFTER_S:
        response["Retry-After"] = str(RETRY_AFTER_S[fault])
    add_never_cache_headers(response)
    return response
