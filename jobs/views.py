"""The view `/api/cron/<name>/`. The secret is checked before the database is used."""

import hmac
import logging
import random
import time
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from jobs.db import Fault, db_fault, drop_connection
from jobs.failures import facts_of
from jobs.ticks import TICKS, run_tick

logger = logging.getLogger(__name__)

DB_RETRIES = 2


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def cron(request: HttpRequest, name: str) -> JsonResponse:
    """Runs the tick `name` now and returns its counts (docs/reference/addresses.md, Cron)."""
    if not settings.CRON_SECRET:
        return JsonResponse({"success": False, "error": "cron_not_configured"}, status=503)
    if not _authorized(request):
        return JsonResponse({"success": False, "error": "unauthorized"}, status=401)
    if name not in TICKS:
        return JsonResponse({"success": False, "error": "unknown_cron", "names": sorted(TICKS)}, status=404)
    retries = 0
    while True:
        try:
            return _answer(name, run_tick(name, requested=True))
        except Error as error:
            if db_fault(error) not in (Fault.UNREACHABLE, Fault.RETRY):
                return _failed(name, error)
            drop_connection()
            if retries == DB_RETRIES and db_fault(error) is Fault.RETRY:
                return _failed(name, error)
            if retries == DB_RETRIES:
                body = {"success": False, "db_unreachable": True, "retries": retries, **TICKS[name].limits()}
                return JsonResponse(body | {"timestamp": timezone.now().isoformat()}, status=503)
            retries += 1
            time.sleep(random.uniform(0.05, 0.3))
        except Exception as error:
            return _failed(name, error)


def _authorized(request: HttpRequest) -> bool:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    secret = bearer.strip() if scheme.lower() == "bearer" else request.headers.get("x-cron-secret", "")
    return hmac.compare_digest(secret.encode(), settings.CRON_SECRET.encode())


def _answer(name: str, counts: dict[str, Any]) -> JsonResponse:
    if counts.get("errors"):
        return JsonResponse({"success": False, "error": "tick_failed", **counts}, status=500)
    return JsonResponse({"success": True, **counts})


def _failed(name: str, error: Exception) -> JsonResponse:
    logger.error("tick failed", extra={"tick": name, **facts_of(error)})
    return JsonResponse({"success": False, "error": "tick_failed"}, status=500)
