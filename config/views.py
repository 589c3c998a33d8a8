"""Health pages for the hosting platform: `/healthz` (the process runs) and `/readyz` (it can serve requests)."""

import logging
import threading
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import static
from config.metrics import is_operator
from inbox.replying import lost_time
from integrations.models import Integration
from jobs import schema_version, stats
from jobs.db import db_fault, statements_within
from jobs.models import Worker

logger = logging.getLogger(__name__)
UNREADABLE, UNREADABLE_EVERY_S = "readyz.unreadable_secrets", 60
"""The cache key of the number of unreadable secrets, and its lifetime in seconds. The count reads every account."""
UNKNOWN, UNKNOWN_EVERY_S = "readyz.unknown_migrations", 60
"""The cache key of the number of migrations that a newer release has applied, and its lifetime in seconds."""
QUEUE, QUEUE_EVERY_S = "readyz.queue", 60
"""The cache key of the queue's state, and its lifetime in seconds, because counting a long queue is expensive."""
QUEUE_STATEMENT_MS = 1_000
"""The time limit of each statement about the queue. A platform waits only a few seconds for this page."""

_migrated = threading.Event()
"""Set once all migrations are applied. This cannot change while the code runs, and the check takes a second."""


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Responds with "ok" without a database query, because restarting the process would not bring the database back."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Responds with 200 if this process can serve requests, or else 503. METRICS_TOKEN unlocks the details."""
    status, answer = readiness()
    return JsonResponse(answer if is_operator(request) else {"ready": answer["ready"]}, status=status)


def readiness() -> tuple[int, dict[str, Any]]:
    """The HTTP status of `/readyz`, and the details for operators.

    The process is ready if it has its static files, the database and all migrations. Other problems are reported
    without a 503: stale static files, a long queue, unreadable secrets, migrations of a newer release, and a restored
    database, which only holds back sends. With a 503, the process would get no webhooks, and the queue no shorter.
    """
    if (files := static.fault()) == static.MISSING:
        return 503, {"ready": False, "static": f"{files}. {static.FIX}"}
    try:
        missing = [] if _migrated.is_set() else schema_version.missing()
        if missing:
            details = {"missing_migrations": missing, "refusal": schema_version.refusal()}
            return 503, {"ready": False, "database": "ok", **details}
        _migrated.set()
        answer = {
            "last_worker_heartbeat_s": _heartbeat_s(),
            "sends_held": lost_time.is_held(),
            "unreadable_secrets": cache.get_or_set(UNREADABLE, _unreadable, UNREADABLE_EVERY_S),
            "unknown_migrations": cache.get_or_set(
                UNKNOWN, lambda: len(schema_version.unknown()), UNKNOWN_EVERY_S
            ),
        }
    except DatabaseError:
        return 503, {"ready": False, "database": "unreachable"}
    queue: dict[str, Any] = cache.get_or_set(QUEUE, _queue, QUEUE_EVERY_S) or {}
    version = {"version": settings.VERSION, "commit": settings.COMMIT}
    return 200, {"ready": True, **version, "database": "ok", "static": files or "ok", **answer, **queue}


def _unreadable() -> int:
    accounts = Integration.objects.filter(enabled=True).only("credentials")
    return sum(account.is_unreadable for account in accounts)


def _heartbeat_s() -> float | None:
    heartbeat = Worker.objects.aggregate(at=Max("heartbeat_at"))["at"]
    return round((timezone.now() - heartbeat).total_seconds(), 1) if heartbeat else None


def _queue() -> dict[str, Any]:
    """The ages of due jobs by lane, and the waits of the last day. If a query fails or takes over QUEUE_STATEMENT_MS,
    returns only that the queue was not counted, with the fault.
    """
    try:
        with statements_within(QUEUE_STATEMENT_MS):
            lanes = stats.lanes(None)
    except DatabaseError as error:
        logger.warning("queue not counted", extra={"fault": db_fault(error)})
        return {"queue": f"not counted: {db_fault(error)}"}
    oldest = {state.queue.lane.name: round(state.queue.oldest_s, 1) for state in lanes if state.queue.due}
    return {
        "queue": "ok",
        "oldest_due_job_s": max(oldest.values(), default=0.0),
        "oldest_due_by_lane_s": oldest,
        "wait_p95_by_lane_ms": {
            state.queue.lane.name: state.waits.wait_p95_ms for state in lanes if state.waits
        },
        "broken_promises": [state.queue.lane.name for state in lanes if state.broken],
    }
