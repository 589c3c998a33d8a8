"""Queue statistics for pages, for one workspace or all (None). Counts stop at COUNT_CAP; times cover 24 hours."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Min, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from jobs import backlog, tally
from jobs.conf import WORKER_ALIVE_S
from jobs.db import fetch
from jobs.models import BackgroundJob, JobAction, JobAttempt, JobStep, Tick, Worker, WorkspaceLimit
from jobs.ticks import TICKS

Status = BackgroundJob.Status
COUNT_CAP = 10_000
SAMPLE = 20_000
GROUPS = 50
DAY = timedelta(hours=24)
BUCKET_S = 15 * 60


def of(workspace_id: UUID | None) -> QuerySet[BackgroundJob]:
    jobs = BackgroundJob.objects.all()
    return jobs if workspace_id is None else jobs.filter(tenant=workspace_id)


def find(
    workspace_id: UUID | None,
    *,
    kind: str = "",
    status: str = "",
    fingerprint: str = "",
    text: str = "",
) -> QuerySet[BackgroundJob]:
    """Returns the jobs that match the filters, newest first. `text` is an id or a part of a dedupe key."""
    fields: dict[str, Any] = {"kind": kind, "fingerprint": fingerprint}
    # The index of the newest jobs begins with the workspace, that of ended ones with the tenant.
    fields["workspace" if status in ("", Status.SUCCEEDED) else "tenant"] = workspace_id
    jobs = BackgroundJob.objects.filter(**{name: wanted for name, wanted in fields.items() if wanted})
    jobs = jobs.order_by("-pk")
    if status:
        # PostgreSQL uses the index of a workspace's ended jobs only if the query states that the jobs have ended.
        jobs = jobs.filter(status=status, finished_at__isnull=status not in BackgroundJob.FINAL)
    return matching(jobs, text)


def matching(jobs: QuerySet[BackgroundJob], text: str) -> QuerySet[BackgroundJob]:
    """Filters `jobs` by an id or a part of a dedupe key. An empty `text` matches all jobs."""
    text = text.strip()
    if not text:
        return jobs
    try:
        return jobs.filter(Q(pk=UUID(text)) | Q(dedupe_key__contains=text))
    except ValueError:
        return jobs.filter(dedupe_key__contains=text)


@dataclass(frozen=True)
class Totals:
    """`jobs` counts by status, up to COUNT_CAP each; `running` counts by lane. `oldest_s` is the wait of the oldest due
    job. `workers` counts live workers, `places` the jobs they can run at once, and `busy` the jobs they run now.
    """

    jobs: dict[str, int]
    running: dict[str, int]
    oldest_s: float
    workers: int
    places: int
    busy: int


def oldest_due_age_s(workspace_id: UUID | None) -> float:
    """Returns the seconds that the oldest due job has waited, or 0.0 if no job is due."""
    due = of(workspace_id).filter(status=Status.QUEUED, run_at__lte=Now())
    oldest = due.aggregate(at=Min("run_at"))["at"]
    return max(0.0, (timezone.now() - oldest).total_seconds()) if oldest else 0.0


TOTALS = """
WITH alive AS (
    SELECT id, places FROM jobs_worker WHERE ended_at IS NULL
    AND heartbeat_at > statement_timestamp() - %(alive_s)s * interval '1 second'
)
SELECT
    (SELECT jsonb_object_agg(one, (SELECT count(*) FROM (
        SELECT FROM jobs_backgroundjob WHERE status = one AND finished_at IS NOT NULL
        AND (%(tenant)s::uuid IS NULL OR tenant = %(tenant)s) LIMIT %(cap)s) capped))
     FROM unnest(%(final)s::text[]) one),
    (SELECT count(*) FROM (
        SELECT FROM jobs_backgroundjob WHERE status = 'queued'
        AND (%(tenant)s::uuid IS NULL OR tenant = %(tenant)s) LIMIT %(cap)s) capped),
    (SELECT count(*) FROM (
        SELECT FROM jobs_backgroundjob WHERE status = 'running'
        AND (%(tenant)s::uuid IS NULL OR tenant = %(tenant)s) LIMIT %(cap)s) capped),
    (SELECT coalesce(jsonb_object_agg(lane, jobs), '{}') FROM (
        SELECT lane, count(*) AS jobs FROM jobs_backgroundjob
        WHERE status = 'running' AND started_at IS NOT NULL
        AND (%(tenant)s::uuid IS NULL OR tenant = %(tenant)s) GROUP BY lane) lanes),
    (SELECT greatest(0, extract(epoch FROM statement_timestamp() - min(run_at)))::float8
     FROM jobs_backgroundjob WHERE status = 'queued' AND run_at <= statement_timestamp()
     AND (%(tenant)s::uuid IS NULL OR tenant = %(tenant)s)),
    (SELECT count(*) FROM alive), (SELECT coalesce(sum(places), 0) FROM alive),
    (SELECT count(*) FROM jobs_backgroundjob JOIN alive ON worker_id = alive.id
     WHERE status = 'running' AND started_at IS NOT NULL
     AND (%(tenant)s::uuid IS NULL OR tenant = %(tenant)s))
"""


def totals(workspace_id: UUID | None) -> Totals:
    """Reads the totals in one query. `busy` counts only the places that work for this workspace."""
    values = {
        "alive_s": WORKER_ALIVE_S,
        "tenant": workspace_id,
        "cap": COUNT_CAP,
        "final": [status.value for status in BackgroundJob.FINAL],
    }
    [(ended, queued, begun, running, oldest_s, alive, places, busy)] = fetch(TOTALS, values)
    jobs = {Status.QUEUED.value: queued, Status.RUNNING.value: begun} | json.loads(ended)
    return Totals(jobs, json.loads(running), oldest_s or 0.0, alive, places, busy)


def workers() -> QuerySet[Worker]:
    since = Now() - timedelta(seconds=WORKER_ALIVE_S)
    return Worker.objects.filter(ended_at=None, heartbeat_at__gt=since).order_by("host", "pid")


@dataclass(frozen=True)
class Bucket:
    """The numbers of jobs that succeeded (`done`) and failed in a quarter of an hour."""

    starts_at: datetime
    done: int
    failed: int


def series(workspace_id: UUID | None) -> list[Bucket]:
    """Returns the last 96 quarters of an hour, oldest first and without gaps. The last one has not ended yet."""
    now_s = int(timezone.now().timestamp())
    last = now_s - now_s % BUCKET_S
    rows = fetch(
        "SELECT floor(extract(epoch FROM finished_at) / %(size)s)::bigint * %(size)s AS bucket,"
        " count(*) FILTER (WHERE status = 'succeeded'), count(*) FILTER (WHERE status = 'failed')"
        " FROM jobs_backgroundjob WHERE finished_at >= to_timestamp(%(since)s)"
        " AND (%(tenant)s::uuid IS NULL OR tenant = %(tenant)s) GROUP BY bucket",
        {"size": BUCKET_S, "since": last - 95 * BUCKET_S, "tenant": workspace_id},
    )
    counts = {row[0]: row[1:] for row in rows}
    starts = range(last - 95 * BUCKET_S, last + 1, BUCKET_S)
    return [Bucket(datetime.fromtimestamp(at, tz=UTC), *counts.get(at, (0, 0))) for at in starts]


@dataclass(frozen=True)
class Timing:
    """Percentiles of the wait from due to start, in ms, of the jobs that succeeded in the last day."""

    wait_p50_ms: int
    wait_p95_ms: int


def timings(workspace_id: UUID | None) -> dict[str, Timing]:
    """Returns the Timing of each lane, over the last SAMPLE jobs that succeeded in the last day."""
    rows = fetch(
        """
        SELECT lane,
            percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY extract(epoch FROM started_at - run_at))
        FROM (
            SELECT lane, run_at, started_at FROM jobs_backgroundjob
            WHERE status = 'succeeded' AND finished_at > statement_timestamp() - interval '24 hours'
              AND (%(tenant)s::uuid IS NULL OR tenant = %(tenant)s) AND started_at IS NOT NULL
            ORDER BY finished_at DESC LIMIT %(sample)s
        ) latest
        GROUP BY lane
        """,
        {"tenant": workspace_id, "sample": SAMPLE},
    )
    return {lane: Timing(*(max(0, round(seconds * 1000)) for seconds in waits)) for lane, waits in rows}


def oldest_by_kind() -> dict[str, float]:
    """Returns the seconds that the oldest due job of each kind has waited. Jobs of paused workspaces are left out."""
    rows = fetch(
        f"""
        WITH RECURSIVE {backlog.QUEUES}
        SELECT kind, extract(epoch FROM statement_timestamp() - min(run_at))::float8
        FROM queues q LEFT JOIN jobs_workspacelimit cap ON cap.workspace_id = q.tenant,
        LATERAL (
            SELECT j.kind, j.run_at FROM jobs_backgroundjob j
            WHERE j.status = 'queued' AND j.lane = q.lane AND j.priority = q.priority AND j.tenant = q.tenant
              AND j.run_at <= statement_timestamp() ORDER BY j.run_at LIMIT %(cap)s) first
        WHERE coalesce(max_workers, 1) > 0
        GROUP BY kind
        """,
        {"cap": backlog.CAP},
    )
    return dict(rows)


@dataclass(frozen=True)
class LaneState:
    """A lane's due jobs and the waits of the last day. `waits` is None if no job succeeded."""

    queue: backlog.Backlog
    waits: Timing | None

    @property
    def broken(self) -> bool:
        return self.queue.oldest_s > self.queue.lane.promise_s


def lanes(workspace_id: UUID | None) -> list[LaneState]:
    """Returns the state of every lane, in the order in which lanes are served."""
    waits = timings(workspace_id)
    queues = backlog.by_lane(None if workspace_id is None else [workspace_id])
    return [LaneState(queue, waits.get(queue.lane.name)) for queue in queues]


def exact_due() -> dict[str, int]:
    """Counts all due jobs by lane for a monitor, except those of paused workspaces."""
    paused = WorkspaceLimit.objects.filter(max_workers=0).values("workspace")
    due = BackgroundJob.objects.filter(status=Status.QUEUED, run_at__lte=Now()).exclude(tenant__in=paused)
    return dict(due.order_by().values_list("lane").annotate(jobs=Count("pk")))


def exact_counts() -> dict[str, int]:
    """Counts all jobs by status for a monitor, from the indexes of ended, queued and running jobs."""
    jobs = BackgroundJob.objects.order_by().values_list("status").annotate(jobs=Count("*"))
    live = (jobs.filter(status=status) for status in BackgroundJob.LIVE)
    return dict.fromkeys(Status.values, 0) | dict(
        jobs.filter(finished_at__isnull=False).union(*live, all=True)
    )


def exact_failures() -> dict[str, int]:
    """Counts failed jobs in the form of `exact_counts`, from an index."""
    return {Status.FAILED.value: BackgroundJob.objects.filter(status=Status.FAILED).count()}


def failure_groups(workspace_id: UUID | None) -> Sequence[Mapping[str, Any]]:
    """Returns the GROUPS latest causes of the last tally.CAP failures. `last_error` is one job's error text."""
    return list(
        tally.latest(find(workspace_id, status=Status.FAILED), "finished_at")
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
    """The state of one tick. `last` is None if the tick never ran. `missed`: no run has begun for two periods."""

    name: str
    every_s: int
    last: Tick | None
    missed: bool

    @property
    def unsuccessful_s(self) -> float | None:
        """Seconds since the last successful run began. If no stored run has succeeded, seconds since the oldest of them
        began. None if the tick never ran.
        """
        runs = self.last.recent if self.last else []
        good = [run["at"] for run in runs if not run["error"]] or [run["at"] for run in runs[-1:]]
        return (timezone.now() - datetime.fromisoformat(good[0])).total_seconds() if good else None

    @property
    def late(self) -> bool:
        """Whether no run has succeeded for three periods."""
        return (self.unsuccessful_s or 0) > 3 * self.every_s


def ticks() -> list[TickState]:
    rows = {row.name: row for row in Tick.objects.all()}
    now = timezone.now()
    return [
        TickState(spec.name, spec.every_s, row, missed(row.started_at if row else None, spec.every_s, now))
        for spec in TICKS.values()
        for row in [rows.get(spec.name)]
    ]


def missed(started_at: datetime | None, every_s: int, now: datetime) -> bool:
    """Whether a tick never began, or last began more than two periods of `every_s` seconds before `now`."""
    return started_at is None or now - started_at > timedelta(seconds=2 * every_s)


def timeline(job: BackgroundJob) -> list[JobAttempt | JobStep | JobAction]:
    """Returns the attempts, steps and user actions of one job, in the order in which they began."""

    def began(entry: JobAttempt | JobStep | JobAction) -> datetime:
        return entry.created_at if isinstance(entry, JobAction) else entry.started_at

    return sorted([*job.attempt_rows.all(), *job.steps.all(), *job.actions.all()], key=began)
