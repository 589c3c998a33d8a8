"""The numbers that background work stands on, and the Q_CLUSTER settings that follow from them.

Every wait is set by one inequality: lease < job limit < drain + longest job < django-q2's timeout < its retry. They
live together here so that one change moves all of them; `jobs.checks` asserts them again against the settings in
force. Pure Python: settings import it before Django is configured.
"""

from math import ceil

LEASE_S = 20
"""How long a claim lives without a heartbeat. With one sweep on top, a killed worker's jobs are free within 30 s."""

HEARTBEAT_S = 4
"""Leases are renewed and cancellations noticed this often; four renewals may fail before a lease runs out."""

SWEEP_S = 5
"""Every cluster looks for expired leases and reports its workers as alive this often."""

DUE_CHECK_S = 1
"""A lost wake-up, or a retry that has become due, waits at most this long."""

WORKER_ALIVE_S = 15
"""A worker that has not been seen for this long counts as gone."""

DRAIN_S = 20
"""A drain claims no further job after this long, so that django-q2 can recycle, time out and acknowledge."""

LONGEST_JOB_S = 600
"""No kind may declare a longer time limit."""

OVERRUN_GRACE_S = 10
"""A job that ignores its Deadline is interrupted this long after its limit."""

SHUTDOWN_GRACE_S = 20
"""After SIGTERM a running job may go on this long before it is asked to hand back."""

SHUTDOWN_HARD_S = 5
"""What ignores that request is killed this much later; its job goes back free."""

LONGEST_POLL_S = 0.1
"""With a rarer look at PostgreSQL's queue the median from commit to start is not below 100 ms (docs/adr/0012)."""

MAX_BATCH = 50
"""The most jobs that one claim takes."""

BATCH_TARGET_MS = 250
"""Batches grow while they finish within this time, and shrink when they do not."""

GIVE_BACK_AFTER_MS = 1_000
"""Claimed jobs that wait behind one that runs longer than this are given back to other workers."""

MAX_WORKER_DEATHS = 3
"""A job whose own worker died first this often is parked as failed."""

MAX_LOSSES = 20
"""A job that lost its worker this often, for whatever reason but a shutdown, is parked as failed."""

DEFAULT_WORKERS = 4


def q_cluster(broker_url: str = "", *, workers: int = DEFAULT_WORKERS, poll_s: float = 0.05) -> dict:
    """Django's Q_CLUSTER setting.

    `broker_url` is a redis:// URL, or empty for PostgreSQL. `poll_s` is the price of the latency from commit to
    start (docs/adr/0012). `save_limit` -1: the job rows are the history; with a positive limit django-q2 locks every
    stored success at every save. `ack_failures`: a wake-up that failed is not worth another run, the cluster's own
    check for due jobs replaces it. `queue_limit` and `bulk` are 1, as a lease of django-q2 runs while a task waits.
    """
    timeout_s = DRAIN_S + LONGEST_JOB_S + OVERRUN_GRACE_S + 20
    cluster = {
        "name": "holdfast",
        "workers": workers,
        "timeout": timeout_s,
        "retry": shortest_retry_s(timeout_s, workers=workers, queue_limit=1, bulk=1),
        "queue_limit": 1,
        "bulk": 1,
        "poll": poll_s,
        "recycle": 200,
        "guard_cycle": 0.5,
        "save_limit": -1,
        "max_attempts": 10,
        "ack_failures": True,
        "catch_up": False,
        "label": "Task queue (django-q2)",
    }
    return cluster | ({"redis": redis_options(broker_url)} if broker_url else {"orm": "default"})


def redis_options(broker_url: str) -> str:
    """`broker_url` with time limits, so that a silent Redis cannot hold a request or a worker.

    redis-py reads them from the query of the URL. The socket may be silent longer than BLPOP's own second.
    """
    limits = "socket_connect_timeout=1&socket_timeout=3"
    return f"{broker_url}{'&' if '?' in broker_url else '?'}{limits}"


def shortest_retry_s(timeout_s: int, *, workers: int, queue_limit: int, bulk: int) -> int:
    """django-q2's smallest safe `retry` in seconds: a task's lease runs while it waits behind others in the queue."""
    return timeout_s * (1 + ceil((queue_limit + bulk) / workers)) + 30
