"""The time limits of background work, and the Q_CLUSTER settings that follow from them.

They depend on each other: heartbeat < lease, and tick < django-q2's timeout < its retry. They are together here, so
that one change moves all of them. `jobs.system_checks` checks them against the actual settings. This module uses no
Django, because settings import it before Django is configured.
"""

from math import ceil
from typing import Any

LEASE_S = 20
"""Seconds that a claim lasts without renewal. With one sweep more, a killed worker's jobs are free after 30 s."""

HEARTBEAT_S = 4
"""Seconds between renewals of a lease, which also notice cancellations. Four may fail before the lease ends."""

SWEEP_S = 5
"""Seconds after which every cluster again looks for expired leases and reports its workers as alive."""

DUE_CHECK_S = 1
"""The longest wait, in seconds, of a job whose wake-up was lost, or of a retry that has become due."""

WORKER_ALIVE_S = 15
"""Seconds after which a worker that has not reported counts as gone."""

DRAIN_S = 20
"""Seconds after which a wake-up claims no more jobs, in a process without a cluster."""

TICK_S = 20
"""The time limit of a tick, in seconds, unless it declares another."""

LONGEST_JOB_S = 600
"""The longest time limit, in seconds, that a job kind may have."""

OVERRUN_GRACE_S = 10
"""Seconds after its time limit at which a job that ignores its Deadline is taken away from its thread."""

SHUTDOWN_GRACE_S = 20
"""Seconds that a running job may go on after SIGTERM before it is asked to give itself back."""

SHUTDOWN_HARD_S = 5
"""Seconds after that request at which a job that ignores it is given back to the queue without its help."""

MAX_BATCH = 50
"""The most jobs that one claim takes."""

BATCH_TARGET_MS = 250
"""A full claim takes more jobs next time if its jobs end within so many ms. After that time a place gives back the jobs
that it has not started, and takes fewer next time."""

GIVE_BACK_AFTER_MS = 1_000
"""If a job runs longer than this, the claimed jobs that wait behind it go back to the queue for other workers."""

MAX_WORKER_DEATHS = 3
"""A job is failed after its own worker has died first so many times."""

MAX_LOSSES = 20
"""A job is failed after losing its worker so many times, for any reason but a shutdown."""

WAKE_UPS = "holdfast-wake-ups"
"""The queue of django-q2's tasks that wake workers. Ticks have another one, named as the cluster."""

PROCESSES = 2
THREADS = 32
"""How many workers a cluster has, and how many jobs each runs at once: most of a job's time is waiting."""

CONNECTIONS = 5
"""The most database connections of all places of a process together. Its lease keeper and its ticks have one each."""


def q_cluster(broker_url: str = "", *, workers: int = PROCESSES) -> dict[str, Any]:
    """The setting Q_CLUSTER. `broker_url` is a redis:// URL, or empty for PostgreSQL. `save_limit` -1: with a positive
    one django-q2 locks every stored success at every save. `ack_failures`: the next turn of a tick replaces a failed
    one. `queue_limit` and `bulk` are 1, as a lease of django-q2 runs while a task waits.
    """
    timeout_s = TICK_S + 40
    cluster = {
        "name": "holdfast",
        "workers": workers,
        "timeout": timeout_s,
        "retry": timeout_s * (1 + ceil(2 / workers))
        + 30,  # one task waits in the queue, and one in its reader
        "queue_limit": 1,
        "bulk": 1,
        "poll": 0.1,
        "recycle": 200,
        "guard_cycle": 0.5,
        "save_limit": -1,
        "max_attempts": 10,
        "ack_failures": True,
        "catch_up": False,
        "label": "Task queue (django-q2)",
    }
    if broker_url:
        return cluster | {"redis": redis_options(broker_url)}
    return cluster | {"broker_class": "jobs.broker.PostgresBroker", "orm": "default"}


def redis_options(broker_url: str) -> str:
    """The address with limits for redis-py: 1 s to connect, 3 s for an answer, longer than BLPOP may wait."""
    limits = "socket_connect_timeout=1&socket_timeout=3"
    return f"{broker_url}{'&' if '?' in broker_url else '?'}{limits}"
