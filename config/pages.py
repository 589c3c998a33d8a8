"""A page and its database: no statement of a page runs for long, and a page that gets no answer says so in words.

The limit travels with the statement, as `SET LOCAL …; SELECT …` in one message: it costs no round trip, PostgreSQL
takes the message as one transaction, and so it holds through PgBouncer in transaction mode too. Webhooks and ticks keep
time by themselves and pass by here untouched.
"""

import logging
import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.signals import got_request_exception
from django.db import Error, connection
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from psycopg.pq import TransactionStatus

from jobs.db import Fault, db_fault, drop_connection

logger = logging.getLogger(__name__)

NO_PAGES = ("/api/webhooks/", "/api/cron/")
RETRY_AFTER_S = {Fault.UNREACHABLE: 30, Fault.RETRY: 1}
"""A statement that took too long would take as long again: nobody is asked to come back by themselves."""


class PageDatabaseMiddleware:
    """Limits the statements of a page, and answers 503 where the database did not; a defect of ours stays a 500."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(NO_PAGES):
            return self.get_response(request)
        with connection.execute_wrapper(limited(settings.PAGE_STATEMENT_TIMEOUT_MS)):
            response = self.get_response(request)
        fault = getattr(request, "database_fault", None)
        if fault is None or response.status_code != 500:
            return response
        match = request.resolver_match
        logger.warning("page without its database", extra={"fault": fault, "view": match and match.view_name})
        if fault is Fault.UNREACHABLE:
            drop_connection()
        return unavailable(request, fault)


def limited(limit_ms: int) -> Callable[..., Any]:
    """An `execute_wrapper` under which PostgreSQL cancels a statement after `limit_ms` (57014, Fault.SLOW).

    Only what begins a transaction carries the limit: it holds to the transaction's end. `executemany` takes no second
    statement; inside a transaction that has begun it is limited like the rest.
    """
    prefix = f"SET LOCAL statement_timeout = {limit_ms:d}; "

    def execute_limited(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict) -> Any:
        session = context["connection"].connection
        if many or session.info.transaction_status != TransactionStatus.IDLE:
            return execute(sql, params, many, context)
        result = execute(prefix + sql, params, many, context)
        context["cursor"].nextset()  # past the answer to SET
        return result

    return execute_limited


@receiver(got_request_exception)
def note_fault(request: HttpRequest, **_: object) -> None:
    """Keep on the request what the exception that is handled just now says of the database; a defect is none."""
    error = sys.exc_info()[1]
    if isinstance(error, Error) and db_fault(error) is not Fault.BUG:
        request.database_fault = db_fault(error)


class WithoutOutages(logging.Filter):
    """For `django.request`, which would log a traceback and the answer: the middleware has said it in one line."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not hasattr(getattr(record, "request", None), "database_fault")


def unavailable(request: HttpRequest, fault: Fault) -> HttpResponse:
    """503 as a page, a sentence for htmx or JSON, made without the database; `Retry-After` where it is worth it."""
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
    if part:
        words = " ".join(render_to_string("partials/unavailable.txt", context).split())
        response = HttpResponse(words, content_type="text/plain", status=503)
    elif request.get_preferred_type(["text/html", "application/json"]) == "application/json":
        error = "too_slow" if fault is Fault.SLOW else "unavailable"
        response = JsonResponse({"success": False, "error": error}, status=503)
    else:
        response = HttpResponse(render_to_string("503.html", context), status=503)
    if fault in RETRY_AFTER_S:
        response["Retry-After"] = str(RETRY_AFTER_S[fault])
    add_never_cache_headers(response)
    return response
