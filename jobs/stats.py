"""How the queue stands: what the pages and the admin show. Every function takes one workspace, or None for all.

Numbers are bounded: counts stop at COUNT_CAP, series and percentiles look at the last 24 h.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from jobs.conf import WORKER_ALIVE_S
from jobs.models import BackgroundJob, JobAction, JobAttempt, JobStep, Tick, Worker
from jobs.ticks import TICKS

Status = BackgroundJob.Status
COUNT_CAP = 10_000
SAMPLE = 20_000
GROUPS = 50
DAY = timedelta(hours=24)
BUCKET_S = 15 * 60


def of(workspace_id: UUID | None) -> QuerySet[BackgroundJob]:
    """The jobs of one workspace, or all."""
    jobs = BackgroundJob.objects.all()
    return jobs if workspace_id is None else jobs.filter(tenant=workspace_id)


def find(
    workspace_id: UUID | None,
    *,
    kind: str = "",
    status: str = "",
    error_class: str = "",
    fingerprint: str = "",
    older_than_s: int | None = None,
    text: str = "",
) -> QuerySet[BackgroundJob]:
    """The job list, newest first. `text` as in matching()."""
    jobs = of(workspace_id).order_by("-pk")
    if kind:
        jobs = jobs.filter(kind=kind)
    if status:
        jobs = jobs.filter(status=status)
    if error_class:
        jobs = jobs.filter(last_error_class=error_class)
    if fingerprint:
        jobs = jobs.filter(fingerprint=fingerprint)
    if older_than_s is not None:
        jobs = jobs.filter(created_at__lt=Now() - timedelta(seconds=older_than_s))
    return matching(jobs, text)


def matching(jobs: QuerySet[BackgroundJob], text: str) -> QuerySet[BackgroundJob]:
    """Those of `jobs` with this id, or with `text` in their dedupe key (which holds ids too); all where it is empty."""
    text = text.strip()
    if not text:
        return jobs
    try:
        return jobs.filter(Q(pk=UUID(text)) | Q(dedupe_key__contains=text))
    except ValueError:
        return jobs.filter(dedupe_key__contains=text)


def counts(workspace_id: UUID | None) -> dict[str, int]:
    """Jobs by status, each up to COUNT_CAP (shown as "10,000+")."""
    jobs = of(workspace_id)
    return {status: jobs.filter(status=status).order_by()[:COUNT_CAP].count() for status in Status.values}


def oldest_due_age_s(workspace_id: UUID | None) -> float:
    """Seconds that the longest-waiting due job has waited; 0 where none is due."""
    due = of(workspace_id).filter(status=Status.QUEUED, run_at__lte=Now())
    oldest = due.aggregate(at=Min("run_at"))["at"]
    return max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0


@dataclass(frozen=True)
class WorkerState:
    """A living worker; `job` is what it runs, if that is the asked workspace's."""

    id: UUID
    host: str
    pid: int
    started_at: datetime
    job: BackgroundJob | None


def workers(workspace_id: UUID | None) -> list[WorkerState]:
    """The workers seen within WORKER_ALIVE_S, by host."""
    alive = Worker.objects.filter(
        ended_at=None, heartbeat_at__gt=Now() - timedelta(seconds=WORKER_ALIVE_S)
    ).order_by("host", "pid")
    running = {
        job.worker_id: job for job in of(workspace_id).filter(status=Status.RUNNING, started_at__isnull=False)
    }
    return [WorkerState(row.pk, row.host, row.pid, row.started_at, running.get(row.pk)) for row in alive]


@dataclass(frozen=True)
class Bucket:
    """A quarter of an hour of the last day. `done` counts successes, `failed` jobs that ended as failed."""

    starts_at: datetime
    done: int
    failed: int


def series(workspace_id: UUID | None) -> list[Bucket]:
    """96 buckets, oldest first, none missing; the last one is still filling."""
    now_s = int(timezone.now().timestamp())
    last = now_s - now_s % BUCKET_S
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT floor(extract(epoch FROM finished_at) / %(size)s)::bigint * %(size)s AS bucket,"
            " count(*) FILTER (WHERE status = 'succeeded'), count(*) FILTER (WHERE status = 'failed')"
            " FROM jobs_backgroundjob WHERE finished_at >= to_timestamp(%(since)s)"
            " AND (%(tenant)s::uuid IS NULL OR tenant = %(tenant)s) GROUP BY bucket",
            {"size": BUCKET_S, "since": last - 95 * BUCKET_S, "tenant": workspace_id},
        )
        found = {row[0]: row[1:] for row in cursor.fetchall()}
    starts = range(last - 95 * BUCKET_S, last + 1, BUCKET_S)
    return [Bucket(datetime.fromtimestamp(at, tz=UTC), *found.get(at, (0, 0))) for at in starts]


@dataclass(frozen=True)
class Timing:
    """One kind in the last day: jobs that ended well, and how long they waited (from due to start) and ran, in ms."""

    kind: str
    jobs: int
    wait_p50_ms: int
    wait_p95_ms: int
    run_p50_ms: int
    run_p95_ms: int


def timings(workspace_id: UUID | None) -> list[Timing]:
    """Percentiles per kind over the last SAMPLE successes of the day."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT kind, count(*),
                percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - run_at)),
                percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - started_at))
            FROM (
                SELECT kind, run_at, started_at, finished_at FROM jobs_backgroundjob
                WHERE status = 'succeeded' AND finished_at > statement_timestamp() - interval '24 hours'
                  AND (%(tenant)s::uuid IS NULL OR tenant = %(tenant)s) AND started_at IS NOT NULL
                ORDER BY finished_at DESC LIMIT %(sample)s
            ) latest
            GROUP BY kind ORDER BY kind
            """,
            {"tenant": workspace_id, "sample": SAMPLE},
        )
        return [
            Timing(kind, jobs, *(max(0, round(seconds * 1000)) for seconds in (*waits, *runs)))
            for kind, jobs, waits, runs in cursor.fetchall()
        ]


def failure_groups(workspace_id: UUID | None) -> list[dict]:
    """Failed jobs by cause, the most recent first: fingerprint, kind, error_class, last_error, jobs, first_at, last_at.

    `last_error` is of one job of the group: their messages may differ in ids.
    """
    return list(
        of(workspace_id)
        .filter(status=Status.FAILED)
        .values("fingerprint", "kind", "last_error_class")
        .annotate(
            jobs=Count("pk"),
            first_at=Min("finished_at"),
            last_at=Max("finished_at"),
            last_error=Max("last_error"),
        )
        .order_by("-last_at")[:GROUPS]
    )


@dataclass(frozen=True)
class TickState:
    """A recurring tick. `missed`: no run began within two of its periods."""

    name: str
    every_s: int
    last: Tick | None
    missed: bool


def ticks() -> list[TickState]:
    """Every registered tick with its last run."""
    rows = {row.name: row for row in Tick.objects.all()}
    now = timezone.now()
    return [
        TickState(spec.name, spec.every_s, row := rows.get(spec.name), _missed(row, spec.every_s, now))
        for spec in TICKS.values()
    ]


def _missed(row: Tick | None, every_s: int, now: datetime) -> bool:
    return row is None or row.started_at is None or now - row.started_at > timedelta(seconds=2 * every_s)


def timeline(job: BackgroundJob) -> list[JobAttempt | JobStep | JobAction]:
    """Attempts, steps and people's actions of one job, in the order they began."""

    def began(entry: JobAttempt | JobStep | JobAction) -> datetime:
        return entry.created_at if isinstance(entry, JobAction) else entry.started_at

    return sorted([*job.attempt_rows.all(), *job.steps.all(), *job.actions.all()], key=began)
