"""Wakes workers when jobs are due. A wake-up may be lost at any time; the cluster's own check for due jobs replaces it.

With PostgreSQL, a wake-up is a NOTIFY in the caller's transaction: it is sent when that commits, and many in one
transaction are sent once. With Redis, the wake-up is django-q2's and is sent after the commit.
"""

import logging
import time

from django.conf import settings
from django.db import connection, transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

logger = logging.getLogger(__name__)

DRAIN = "jobs.worker.drain"
CHANNEL = "holdfast_jobs"
NOTIFY = f"pg_notify('{CHANNEL}', '')"
"""The wake-up as SQL, for a statement that runs anyway."""
REDIS_PAUSE_S = 10
"""Seconds in which Redis is not used after an error, so that requests do not queue up behind a dead broker."""

_redis_silent_until = 0.0


def ring() -> None:
    """Wakes a worker process to look for due jobs: when the caller's transaction commits, or at once outside of one.
    With Redis, a wake-up that cannot be sent is only logged.
    """
    if settings.Q_BROKER_URL:
        transaction.on_commit(_ring_redis, robust=True)
        return
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {NOTIFY}")


def _ring_redis() -> None:
    global _redis_silent_until
    if time.monotonic() < _redis_silent_until:
        return
    try:
        broker = get_broker()
        if broker.queue_size() == 0:
            async_task(DRAIN, broker=broker)
    except Exception as error:  # the client may raise anything; the job is committed and will be found
        _redis_silent_until = time.monotonic() + REDIS_PAUSE_S
        logger.warning("wake-up not sent", extra={"error_class": type(error).__name__})
