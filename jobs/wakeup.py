"""The doorbell: tells a cluster that jobs are due. It may be lost at any time; the cluster's own check replaces it.

On PostgreSQL the wake-up is a row of django-q2's queue written in the caller's transaction: both commit or neither.
One that nobody has taken yet serves every job committed before it is taken, so a burst writes a row per transaction
that is open at the same moment, not a row per job, and no enqueue waits for another. On Redis it is sent after commit.
"""

import logging
import time

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.tasks import async_task

logger = logging.getLogger(__name__)

DRAIN = "jobs.worker.drain"
WAITING = f"EXISTS (SELECT FROM {OrmQ._meta.db_table} WHERE key = %s AND lock <= statement_timestamp())"
"""What `ring` asks, for a statement that runs anyway; its parameter is the cluster's name."""
REDIS_PAUSE_S = 10
"""After a failed ring Redis is left alone this long: requests must not queue up behind a dead broker."""

_redis_silent_until = 0.0


def ring(*, waiting: bool | None = None) -> None:
    """Wake a worker for what this transaction (or the last one) has made due.

    `waiting`: whether a wake-up is there that nobody has taken, where the caller has asked already (`WAITING`).
    """
    if settings.Q_BROKER_URL:
        transaction.on_commit(_ring_redis, robust=True)
        return
    if waiting is None:
        waiting = OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__lte=timezone.now()).exists()
    if not waiting:
        async_task(DRAIN)


def _ring_redis() -> None:
    global _redis_silent_until
    if time.monotonic() < _redis_silent_until:
        return
    try:
        broker = get_broker()
        if broker.queue_size() == 0:
            async_task(DRAIN, broker=broker)
    except Exception as error:  # whatever the client raises: the job is committed and will be found
        _redis_silent_until = time.monotonic() + REDIS_PAUSE_S
        logger.warning("wake-up not sent", extra={"error_class": type(error).__name__})
