"""Checks the guarantees of the product, and counts their violations for alarms. The counts are read from the database,
so they are exact after a restart and equal in every process.

`/metrics` shows the counts for alerts (`deploy/prometheus/alerts.yml`). Without Prometheus, an external monitor raises
the alarm when the tick `heartbeat` no longer calls HEARTBEAT_URL.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, QuerySet
from django.db.models.functions import Now

from inbox.intake.receipt import DeliveryVerdict
from inbox.replying import lost_time
from inbox.webhooks import contract_watch, replay
from integrations import registry
from integrations.errors import ProviderAuthError, ProviderMisconfigured
from integrations.http.hosts import HEARTBEAT
from integrations.http.session import ProviderSession
from integrations.models import HealthState
from jobs import backlog, lanes, stats
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.models import BackgroundJob

logger = logging.getLogger(__name__)

RECENT = timedelta(minutes=15)
MANY = 20
"""The number of jobs that may fail within RECENT. More failures indicate a defect, not problems with a few rows."""
OF_AN_ACCOUNT = [
    f"{error.__module__}.{error.__name__}" for error in (ProviderAuthError, ProviderMisconfigured)
]
"""The errors of jobs that wait for the owner of an account. The owner has been notified."""
TRY_MS = 10_000
ANSWER_LIMIT = 64 * 1024
"""The maximum number of bytes in the monitor's answer."""


def failed_deliveries() -> dict[str, int]:
    """Returns, for each webhook source, the number of accepted requests that failed on our side and need a replay."""
    rows = replay.unrepaired().order_by().values_list("source").annotate(deliveries=Count("pk"))
    return dict.fromkeys(registry.webhook_sources(), 0) | dict(rows)


def refused_deliveries() -> dict[str, int]:
    """Returns, for each webhook source, the number of requests that we refused in the last hour. Accounts for which the
    alert HoldfastAccountsDown reports the state `not_understood` are left out.
    """
    refused = replay.unrepaired(verdict=DeliveryVerdict.REJECTED).filter(
        received_at__gt=Now() - timedelta(hours=1)
    )
    rest = refused.exclude(integration__enabled=True, integration__health__state=HealthState.NOT_UNDERSTOOD)
    rows = rest.order_by().values_list("source").annotate(deliveries=Count("pk"))
    return dict.fromkeys(registry.webhook_sources(), 0) | dict(rows)


def contract_news() -> dict[str, int]:
    """Returns, for each webhook source, the number of deviations from its contract in recent reports to operators."""
    rows = contract_watch.news().order_by().values_list("source").annotate(new=Count("pk"))
    return dict.fromkeys(registry.webhook_sources(), 0) | dict(rows)


def failed_stops() -> int:
    """Returns the number of finally failed jobs that stop campaigns: people who opted out may get more messages."""
    return _failed().filter(lane=lanes.STOP).count()


def recent_failures() -> int:
    """Returns the number of jobs that finally failed within RECENT, except jobs with an error of OF_AN_ACCOUNT."""
    recent = _failed().filter(finished_at__gt=Now() - RECENT)
    return recent.exclude(last_error_class__in=OF_AN_ACCOUNT).count()


def _failed() -> QuerySet[BackgroundJob]:
    return BackgroundJob.objects.filter(status=BackgroundJob.Status.FAILED)


def broken() -> list[str]:
    """Returns the active alerts that can be read from the database, by their names in deploy/prometheus/alerts.yml."""
    alerts = {
        "HoldfastNoWorker": not stats.workers().exists(),
        "HoldfastLanePromiseBroken": any(row.oldest_s > row.lane.promise_s for row in backlog.by_lane(None)),
        "HoldfastJobsFail": recent_failures() > MANY,
        "HoldfastDeliveriesFail": any(failed_deliveries().values()),
        "HoldfastStopsFail": failed_stops() > 0,
        "HoldfastSendsHeld": lost_time.is_held(),
        "HoldfastCronLate": any(state.late for state in stats.ticks() if state.name != HEARTBEAT),
    }
    return [name for name, holds in alerts.items() if holds]


def beat(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `heartbeat`: calls HEARTBEAT_URL, or logs the violated guarantees. Raises ProviderError."""
    if not settings.HEARTBEAT_URL:
        return {}
    if alerts := broken():
        logger.warning("heartbeat left out", extra={"alerts": ", ".join(alerts)})
        return {"broken": len(alerts)}
    drop_connection()
    monitor = ProviderSession(provider=HEARTBEAT, timeout_ms=TRY_MS)
    # With `file_limit`, the call counts as a download, so a failure of HEARTBEAT_URL opens no circuit breaker.
    monitor.request(
        "GET", settings.HEARTBEAT_URL, operation="beat", deadline=deadline, file_limit=ANSWER_LIMIT
    )
    return {"called": 1}
