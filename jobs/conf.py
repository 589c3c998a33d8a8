"""The time limits of background work, and the Q_CLUSTER settings that follow from them.

The time limits depend on each other: a heartbeat comes before the lease expires, and a tick ends before django-q2's
timeout, which ends before django-q2's retry. `jobs.system_checks` compares the time limits with the actual settings.
This module must not import Django, because the settings import this module.
"""

from math import ceil
from typing import Any

LEASE_S = 20
"""Seconds that a claim lasts without renewal. A sweep frees a killed worker's jobs, at most 30 s after its end."""

HEARTBEAT_S = 4
"""Seconds between renewals of a lease. A renewal also reads cancellations. Four may fail before the lease expires."""

SWEEP_S = 5
"""Seconds between a cluster's sweeps, which find expired leases and report live workers."""

DUE_CHECK_S = 1
"""Seconds between polls for due jobs: the longest delay of a due retry, and of a job whose wake-up was lost."""

WORKER_ALIVE_S = 15
"""Seconds after which a worker that has not reported counts as gone."""

DRAIN_S = 20
"""Seconds after which a wake-up in a process without a cluster stops claiming jobs."""

TICK_S = 20
"""The default time limit of a tick, in seconds."""

LONGEST_JOB_S = 600
"""The longest time limit of a job kind, in seconds."""

OVERRUN_GRACE_S = 10
"""A job that ignores its Deadline is taken away from its thread so many seconds after the job's time limit."""

SHUTDOWN_GRACE_S = 20
"""Seconds that a job may run on after SIGTERM before it is asked to stop."""

SHUTDOWN_HARD_S = 5
"""A job that still runs so many seconds after it was asked to stop is returned to the queue."""

MAX_BATCH = 50

BATCH_TARGET_MS = 250
"""The target time of a batch in ms. If a full batch is faster, the next claim takes more jobs. If it is slower, the
place gives back the jobs that it has not started, and the next claim takes fewer."""

GIVE_BACK_AFTER_MS = 1_000
"""If a job runs longer than this, the claimed jobs behind it go back to the queue for other workers."""

MAX_WORKER_DEATHS = 3
"""A job fails after so many workers died while they ran it, each before any other process of its cluster."""

MAX_LOSSES = 20
"""A job fails after it has lost its worker so many times. Shutdowns do not count."""

WAKE_UPS = "holdfast-wake-ups"
"""The django-q2 queue of the tasks that wake workers. Ticks use another queue, named after the cluster."""

PROCESSES = 2
THREADS = 32
"""The number of workers of a cluster, and of jobs that each worker runs at once, because jobs mostly wait."""

CONNECTIONS = 5
"""The most database connections that a worker's places share. The lease keeper and the ticks have one more each."""

DISPATCHER_CONNECTIONS = 2
"""The most database connections of the dispatcher's threads beside its main thread, which has one more."""


def q_cluster(broker_url: str = "", *, workers: int = PROCESSES) -> dict[str, Any]:
    """Returns the setting Q_CLUSTER. Without a redis:// URL in `broker_url`, PostgreSQL is the broker."""
    timeout_s = TICK_S + 40
    cluster = {
        "name": "holdfast",
        "workers": workers,
        "timeout": timeout_s,
        "retry": timeout_s * (1 + ceil(2 / workers))
        + 30,  # one task waits in the queue, and one in its reader
        "queue_limit": 1,  # a task's lease already runs while it waits
        "bulk": 1,
        "poll": 0.1,
        "recycle": 200,
        "guard_cycle": 0.5,
        "save_limit": -1,  # with a positive limit, django-q2 locks every stored success at every save
        "max_attempts": 10,
        "ack_failures": True,  # a failed tick is not repeated, because its next run replaces it
        "catch_up": False,
        "label": "Task queue (django-q2)",
    }
    if broker_url:
        return cluster | {"redis": redis_options(broker_url)}
    return cluster | {"broker_class": "jobs.broker.PostgresBroker", "orm": "default"}


def redis_options(broker_url: str) -> str:
    """Adds redis-py's time limits to the broker's URL: 1 s to connect, and 3 s (longer than BLPOP waits) to answer."""
    limits = "socket_connect_timeout=1&socket_timeout=3"
    return f"{broker_url}{'&' if '?' in broker_url else '?'}{limits}"
