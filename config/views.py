"""Is it up, and is it ready: the two addresses that a platform asks."""

import threading

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config import static
from integrations.models import Integration
from jobs import stats
from jobs.models import Worker

UNREADABLE, UNREADABLE_EVERY_S = "readyz.unreadable_secrets", 60
"""Under which name the count is kept, and for how long: each secret has to be tried for it."""

_migrated = threading.Event()
"""Set once all migrations were found applied: they stay so while this code runs, and the look costs a second."""


@require_safe
@never_cache
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. No database: a database that is away is no reason to restart web processes."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether requests can be served: the static files are there, the database answers and has all migrations.

    Static files of another release are told and no 503: pages open, and webhooks must be taken.

    The queue's state is told and never a 503: taking the web servers out would help no job. Neither are accounts whose
    secrets this process cannot read: their webhooks and all pages are served.
    """
    if (files := static.fault()) == static.MISSING:
        return JsonResponse({"ready": False, "static": f"{files}. {static.FIX}"}, status=503)
    try:
        missing = [] if _migrated.is_set() else _missing_migrations()
        if missing:
            return JsonResponse({"ready": False, "database": "ok", "missing_migrations": missing}, status=503)
        _migrated.set()
        told = _queue() | {
            "unreadable_secrets": cache.get_or_set(UNREADABLE, _unreadable, UNREADABLE_EVERY_S)
        }
    except DatabaseError:
        return JsonResponse({"ready": False, "database": "unreachable"}, status=503)
    return JsonResponse({"ready": True, "database": "ok", "static": files or "ok", **told})


def _missing_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def _unreadable() -> int:
    """How many accounts have secrets that this process's keys do not open."""
    accounts = Integration.objects.filter(enabled=True).only("credentials")
    return sum(account.is_unreadable for account in accounts)


def _queue() -> dict[str, float | None]:
    heartbeat = Worker.objects.aggregate(at=Max("heartbeat_at"))["at"]
    return {
        "oldest_due_job_s": round(stats.oldest_due_age_s(None), 1),
        "last_worker_heartbeat_s": round((timezone.now() - heartbeat).total_seconds(), 1)
        if heartbeat
        else None,
    }
