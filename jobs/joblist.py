"""The summary above a list of jobs: counts by state, and failures by cause."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast, Now

from jobs import tally
from jobs.db import fetch
from jobs.models import NO_WORKSPACE, BackgroundJob

Status = BackgroundJob.Status

FAILURES = 5_000
"""The number of latest failures that are grouped by cause."""

STATES: dict[str, tuple[str, Q]] = {
    "due": ("Due", Q(status=Status.QUEUED, run_at__lte=Now())),
    "running": ("Running", Q(status=Status.RUNNING)),
    "retrying": ("Retrying later", Q(status=Status.QUEUED, run_at__gt=Now(), attempts__gt=0)),
    "later": ("For later", Q(status=Status.QUEUED, run_at__gt=Now(), attempts=0)),
    "failed": ("Failed", Q(status=Status.FAILED)),
    "done": ("Done", Q(status=Status.SUCCEEDED, finished_at__isnull=False)),
    "cancelled": ("Cancelled", Q(status=Status.CANCELLED, finished_at__isnull=False)),
}
"""The states in which users filter jobs, each with its label and condition. Every job is in exactly one state."""


def of(tenants: Sequence[UUID] | None) -> QuerySet[BackgroundJob]:
    """Returns the jobs of `tenants` (ids of workspaces, or NO_WORKSPACE), or all jobs if `tenants` is None."""
    jobs = BackgroundJob.objects.all()
    return jobs if tenants is None else jobs.filter(tenant__in=tenants)


def in_state(jobs: QuerySet[BackgroundJob], state: str | None) -> QuerySet[BackgroundJob]:
    """Filters `jobs` by a state of STATES. None or "" matches all jobs, and an unknown state matches no job."""
    if not state:
        return jobs
    return jobs.filter(STATES[state][1]) if state in STATES else jobs.none()


def causes(tenants: Sequence[UUID] | None) -> QuerySet[Any, Any]:
    """Returns a query for `tally.read` that groups the latest FAILURES failed jobs by cause. The title of a group is
    the error of one of its jobs.
    """
    failed = tally.latest(of(tenants).filter(status=Status.FAILED), "finished_at", FAILURES)
    by = {
        "title": Cast("last_error_class", TextField()),
        "about": Cast("kind", TextField()),
        "key": Cast("fingerprint", TextField()),
    }
    return tally.grouped(failed, "cause", at="finished_at", one_of="last_error", by=by)


# Ended jobs are counted by workspace, because their index begins with the workspace.
COUNT = f"""
WITH whose (tenant) AS (
    SELECT unnest(coalesce(%(tenants)s::uuid[], ARRAY(SELECT id FROM {{workspaces}}) || '{NO_WORKSPACE}'::uuid))
), waiting AS (
    SELECT run_at <= statement_timestamp() AS due, attempts > 0 AS tried FROM jobs_backgroundjob
    WHERE status = 'queued' AND (%(tenants)s::uuid[] IS NULL OR tenant = ANY(%(tenants)s)) LIMIT {tally.CAP}
)
SELECT CASE WHEN due THEN 'due' WHEN tried THEN 'retrying' ELSE 'later' END, count(*) FROM waiting GROUP BY 1
UNION ALL SELECT 'running', count(*) FROM jobs_backgroundjob
    WHERE status = 'running' AND (%(tenants)s::uuid[] IS NULL OR tenant = ANY(%(tenants)s))
UNION ALL SELECT state, count(*)
    FROM (VALUES ('failed', 'failed'), ('done', 'succeeded'), ('cancelled', 'cancelled')) AS ends (state, status),
    LATERAL (SELECT 1 FROM whose, LATERAL (
        SELECT 1 FROM jobs_backgroundjob j WHERE j.tenant = whose.tenant AND j.status = ends.status
          AND j.finished_at IS NOT NULL LIMIT {tally.CAP}) one LIMIT {tally.CAP}) found GROUP BY state
"""


def counts(tenants: Sequence[UUID] | None) -> dict[str, int]:
    """Counts the jobs in each state, up to tally.CAP. The three states of queued jobs share one limit."""
    workspaces: Any = BackgroundJob._meta.get_field("workspace").related_model
    statement = COUNT.format(workspaces=workspaces._meta.db_table)
    rows = fetch(statement, {"tenants": None if tenants is None else list(tenants)})
    return dict.fromkeys(STATES, 0) | dict(rows)
