"""System checks that refuse settings with which background work would break."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from jobs.conf import PROCESSES, q_cluster
from jobs.kinds import KINDS, NAMED
from jobs.queue import FEW_PLACES
from jobs.ticks import TICKS


def check_waits(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """Checks that django-q2's timeout is longer than the time limit of every tick."""
    timeout_s = settings.Q_CLUSTER.get("timeout") or 0
    needed_s = max((tick.budget_ms for tick in TICKS.values()), default=0) / 1000
    if timeout_s <= needed_s:
        yield Error(
            f"Q_CLUSTER timeout is {timeout_s} s, but the longest tick may take {needed_s:g} s.",
            hint="Build Q_CLUSTER with jobs.conf.q_cluster(), or shorten the tick's budget_ms.",
            id="jobs.E001",
        )


def check_service(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    if settings.Q_CLUSTER.get("workers", 1) * settings.WORKER_THREADS < FEW_PLACES:
        yield Warning(
            "WORKER_PROCESSES × WORKER_THREADS is below 8, so no place is reserved for urgent jobs.",
            hint="Use the defaults. A place costs little, because it mostly waits.",
            id="jobs.W003",
        )


def check_cluster(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """Checks that Q_CLUSTER comes from jobs.conf, so that tasks commit with their jobs and are not handed out twice."""
    ours = q_cluster(settings.Q_BROKER_URL, workers=settings.Q_CLUSTER.get("workers", PROCESSES))
    if theirs := {name for name, _ in settings.Q_CLUSTER.items() ^ ours.items()}:
        yield Error(
            f"Q_CLUSTER differs from jobs.conf.q_cluster() in {', '.join(sorted(theirs))}.",
            hint="Call jobs.conf.q_cluster() with Q_BROKER_URL and WORKER_PROCESSES.",
            id="jobs.E006",
        )


def check_database(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """Checks that no connection pool is used, because two processes would share its connections after a fork."""
    if settings.DATABASES["default"].get("OPTIONS", {}).get("pool"):
        yield Error(
            "DATABASES OPTIONS['pool'] cannot be used with qcluster, which forks.",
            hint="Use CONN_MAX_AGE, or PgBouncer in transaction mode.",
            id="jobs.E008",
        )


def check_order(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """Checks that INSTALLED_APPS has `jobs` before `django_q`, whose `qcluster` command would otherwise be used."""
    names = [config.name for config in apps.get_app_configs()]
    if "django_q" not in names or names.index("jobs") > names.index("django_q"):
        yield Error("INSTALLED_APPS must list 'jobs' before 'django_q'.", id="jobs.E009")


def check_kinds(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """Checks that every enqueued kind has a handler. A job of an unknown kind would wait forever."""
    for name, module in sorted(NAMED.items()):
        if name not in KINDS:
            yield Error(
                f"No handler is registered for the kind “{name}”, which {module} enqueues.",
                hint=f"Register a handler with job_kind in {module.partition('.')[0]}/jobs.py.",
                id="jobs.E011",
            )


CHECKS = (check_waits, check_service, check_cluster, check_database, check_order)
"""All checks except check_kinds, which JobsConfig registers with another tag."""
