"""System checks: settings that would break background work are refused before it starts."""

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from jobs.conf import (
    DRAIN_S,
    HEARTBEAT_S,
    LEASE_S,
    LONGEST_POLL_S,
    OVERRUN_GRACE_S,
    shortest_retry_s,
)
from jobs.registry import KINDS, NAMED


def check_waits(app_configs, **kwargs) -> list[CheckMessage]:
    """Q_CLUSTER against the inequalities of jobs.conf: each wait is longer than the one inside it."""
    cluster = settings.Q_CLUSTER
    found = []
    timeout_s, retry_s = cluster.get("timeout") or 0, cluster.get("retry", 60)
    longest_s = max((kind.policy.time_limit_ms for kind in KINDS.values()), default=0) / 1000
    needed_s = DRAIN_S + longest_s + OVERRUN_GRACE_S
    if timeout_s <= needed_s:
        found.append(
            Error(
                f"Q_CLUSTER timeout is {timeout_s} s; a drain with the longest job may take {needed_s:g} s.",
                hint="Build Q_CLUSTER with jobs.conf.q_cluster(), or shorten the kind's time_limit_ms.",
                id="jobs.E001",
            )
        )
    shortest_s = shortest_retry_s(
        timeout_s,
        workers=cluster.get("workers", 1),
        queue_limit=cluster.get("queue_limit", 1),
        bulk=cluster.get("bulk", 1),
    )
    if retry_s < shortest_s:
        found.append(
            Error(
                f"Q_CLUSTER retry is {retry_s} s; below {shortest_s} s wake-ups are delivered while they run.",
                hint="Raise retry, or lower timeout, queue_limit or bulk.",
                id="jobs.E002",
            )
        )
    if HEARTBEAT_S * 3 > LEASE_S:
        found.append(Error("A lease must outlive three heartbeats.", hint="See jobs.conf.", id="jobs.E004"))
    return found


def check_service(app_configs, **kwargs) -> list[CheckMessage]:
    """What works, and serves people worse than it could: too few workers, too rare a poll."""
    cluster = settings.Q_CLUSTER
    found = []
    if cluster.get("workers", 1) < 2:
        found.append(
            Warning(
                "Q_CLUSTER workers is 1: one workspace can hold up all others.",
                hint="Use at least 2; a workspace may then keep all workers but one busy.",
                id="jobs.W003",
            )
        )
    poll_s = cluster.get("poll", 0.2)
    if not settings.Q_BROKER_URL and poll_s > LONGEST_POLL_S:
        found.append(
            Warning(
                f"Q_CLUSTER poll is {poll_s:g} s: jobs wait longer for an idle worker than they need to.",
                hint=f"Poll every {LONGEST_POLL_S:g} s or more often, or wake workers through Redis.",
                id="jobs.W010",
            )
        )
    return found


def check_broker(app_configs, **kwargs) -> list[CheckMessage]:
    """The wake-up must be in the job's own transaction, or on Redis."""
    cluster = settings.Q_CLUSTER
    if settings.Q_BROKER_URL:
        if not cluster.get("redis"):
            return [Error("Q_BROKER_URL is set and Q_CLUSTER has no redis.", id="jobs.E005")]
    elif cluster.get("orm") != "default":
        return [
            Error(
                "Q_CLUSTER orm must be 'default': a wake-up commits together with its job only in one database.",
                id="jobs.E006",
            )
        ]
    if cluster.get("sync"):
        return [Error("Q_CLUSTER sync runs wake-ups inside the caller's transaction.", id="jobs.E007")]
    return []


def check_database(app_configs, **kwargs) -> list[CheckMessage]:
    """No connection pool: its connections survive fork() and are then used by two processes at once."""
    if settings.DATABASES["default"].get("OPTIONS", {}).get("pool"):
        return [
            Error(
                "DATABASES OPTIONS['pool'] cannot be used with qcluster, which forks.",
                hint="Use CONN_MAX_AGE, or PgBouncer in transaction mode.",
                id="jobs.E008",
            )
        ]
    return []


def check_order(app_configs, **kwargs) -> list[CheckMessage]:
    """The earlier app's command wins: with django_q first, `qcluster` would be the stock one."""
    names = [config.name for config in apps.get_app_configs()]
    if "django_q" not in names or names.index("jobs") > names.index("django_q"):
        return [Error("INSTALLED_APPS must list 'jobs' before 'django_q'.", id="jobs.E009")]
    return []


def check_kinds(app_configs, **kwargs) -> list[CheckMessage]:
    """Whatever is enqueued has a handler: a job of a kind that no worker knows would wait for ever."""
    return [
        Error(
            f"Nothing handles jobs of the kind “{name}”, which {module} enqueues.",
            hint=f"Register a handler with @job_kind in {module.partition('.')[0]}/jobs.py.",
            id="jobs.E011",
        )
        for name, module in sorted(NAMED.items())
        if name not in KINDS
    ]


CHECKS = (check_waits, check_service, check_broker, check_database, check_order)
"""Registered by JobsConfig."""
