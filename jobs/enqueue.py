"""Adds jobs to the queue: one row per dedupe key in the caller's transaction, and a django-q2 task that wakes a worker.

The unique constraint (tenant, dedupe_key) prevents duplicates. A job that runs or has ended is never reset. With
`anew`, a job that has begun gives up its key, because it may have read rows before they changed.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django_q.brokers import get_broker
from django_q.tasks import async_task

from jobs.block_values import during
from jobs.conf import WAKE_UPS
from jobs.db import fetch
from jobs.ids import uuid7
from jobs.kinds import KINDS
from jobs.models import JOB_COLUMNS, NO_WORKSPACE, BackgroundJob, job_from_row

logger = logging.getLogger(__name__)

DRAIN = "jobs.worker.drain"
FEEDS: list[Callable[[], object]] = []
"""Functions that each cluster calls every second to enqueue jobs for new rows of a table. They must be idempotent."""
REDIS_PAUSE_S = 10
"""Seconds after an error of Redis for which no wake-up is sent through Redis, so that requests do not wait for it."""
PAYLOAD_LIMIT = 8_000
"""The most characters of a payload's JSON. A payload holds only ids; if it were longer, it would contain user text."""


@dataclass(frozen=True)
class JobSpec:
    """One job for `enqueue_many`. By default, the job runs now, in the lane and with the priority of its kind."""

    dedupe_key: str
    workspace_id: UUID | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    run_at: datetime | None = None
    lane: str | None = None
    priority: int | None = None


_held_until: ContextVar[datetime | None] = ContextVar("held_until", default=None)


def held_until(moment: datetime) -> AbstractContextManager[None]:
    """Returns a context manager: jobs that this thread enqueues inside it become due at `moment` (aware)."""
    return during(_held_until, moment)


# One statement inserts any number of jobs. On a conflict with a row of an open transaction, the statement waits until
# that transaction ends. Django's `bulk_create` with `ignore_conflicts` does not return which rows are new. A query for
# the new rows would add a statement to every transaction that enqueues jobs (docs/adr/0009-what-a-delivery-costs.md).
INSERT = """
INSERT INTO jobs_backgroundjob (id, kind, workspace_id, payload, dedupe_key, status, lane, priority, run_at,
    first_run_at, attempts, snoozes, worker_deaths, losses, last_error_class, last_error, fingerprint)
SELECT id, kind, workspace_id, payload, dedupe_key, 'queued', lane, priority, coalesce(run_at, statement_timestamp()),
    coalesce(run_at, statement_timestamp()), 0, 0, 0, 0, '', '', ''
FROM jsonb_to_recordset(%s) AS row(id uuid, kind text, workspace_id uuid, payload jsonb, dedupe_key text,
    lane text, priority smallint, run_at timestamptz)
ON CONFLICT (tenant, dedupe_key) DO NOTHING
RETURNING CASE WHEN run_at <= created_at THEN lane END, txid_current(), """

# A job that has begun gets another key. A job that begins at this moment may keep its key, because it has not read
# anything yet.
FREE_KEYS = """
UPDATE jobs_backgroundjob SET dedupe_key = left(dedupe_key, 218) || ':' || id
WHERE (tenant, dedupe_key) IN (SELECT * FROM unnest(%s::uuid[], %s::text[]))
  AND NOT (status = 'queued' OR (status = 'running' AND started_at IS NULL))
"""


def enqueue(
    kind: str,
    *,
    dedupe_key: str,
    workspace_id: UUID | None = None,
    payload: dict[str, Any] | None = None,
    run_at: datetime | None = None,
    lane: str | None = None,
    priority: int | None = None,
    anew: bool = False,
) -> tuple[BackgroundJob, bool]:
    """Adds a job to the queue in the caller's transaction. Returns the job with this key, which is left unchanged if it
    existed, and whether this call created the job. With `anew`, a job that has begun does not count as existing.

    If two callers use one key at the same time, the second waits until the first commits. Raises ValueError, which
    names the argument, for an unknown kind, a bad key or a payload that is too large.
    """
    spec = JobSpec(dedupe_key, workspace_id, payload or {}, run_at, lane, priority)
    tenant = workspace_id or NO_WORKSPACE
    while True:
        if anew:
            _free_keys([spec])
        if created := _insert(kind, [spec], JOB_COLUMNS):
            return job_from_row(JOB_COLUMNS, created[0]), True
        job = BackgroundJob.objects.filter(tenant=tenant, dedupe_key=dedupe_key).first()
        # The job is None if it was deleted or lost its key after the insert, and then the insert is repeated.
        if job is not None:
            return job, False


def spec_about(
    kind: str, row: Any, name: str, *, key: object = "", run_at: datetime | None = None, **about: Any
) -> JobSpec:
    """Returns the JobSpec of a job about `row`. Its payload holds the row's id under `name`, and the values in `about`.
    `key` replaces the row's id in the dedupe key, for several jobs about one row.
    """
    return JobSpec(f"{kind}:{key or row.pk}", row.workspace_id, {name: str(row.pk)} | about, run_at)


def enqueue_about(
    kind: str, row: Any, name: str, *, lane: str | None = None, anew: bool = False, **about: Any
) -> tuple[BackgroundJob, bool]:
    """Enqueues the job that `spec_about(kind, row, name, **about)` describes. `lane` and `anew` are as in `enqueue`."""
    spec = replace(spec_about(kind, row, name, **about), lane=lane)
    return enqueue(kind, **vars(spec), anew=anew)


def enqueue_many(kind: str, specs: Sequence[JobSpec], *, anew: bool = False) -> set[UUID]:
    """Adds the jobs of `specs` whose keys are new, in one statement. Returns their ids. Raises `enqueue`'s errors."""
    if anew:
        _free_keys(specs)
    return {job_id for (job_id,) in _insert(kind, specs, ("id",))}


def is_live(tenant: UUID, dedupe_key: str) -> bool:
    """Whether a job of the workspace `tenant` with this dedupe key waits or runs."""
    jobs = BackgroundJob.objects.filter(tenant=tenant, dedupe_key=dedupe_key)
    return jobs.filter(status__in=BackgroundJob.LIVE).exists()


def _free_keys(specs: Sequence[JobSpec]) -> None:
    """Gives other keys to jobs that have begun and whose keys are in `specs`, so that new jobs can take these keys."""
    tenants = [str(spec.workspace_id or NO_WORKSPACE) for spec in specs]
    fetch(FREE_KEYS, [tenants, [spec.dedupe_key for spec in specs]])


def _insert(kind: str, specs: Sequence[JobSpec], columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    rows = json.dumps([_row(kind, spec) for spec in specs], cls=DjangoJSONEncoder)
    if len(rows) > PAYLOAD_LIMIT:
        for spec in specs:
            if len(json.dumps(spec.payload, cls=DjangoJSONEncoder)) > PAYLOAD_LIMIT:
                raise ValueError(f"payload: over {PAYLOAD_LIMIT} characters of JSON; pass ids, not contents.")
    with transaction.atomic(savepoint=False):
        created = fetch(INSERT + ", ".join(columns), [rows])
        _wake_once({(row[1], kind, row[0]) for row in created if row[0]})
    return [row[2:] for row in created]


_woken = threading.local()


def _wake_once(due: set[tuple[int, str, str]]) -> None:
    """Wakes a worker once for each (transaction id, kind, lane). Polling finds jobs whose wake-up is lost."""
    if due:
        before: set[tuple[int, str, str]] = getattr(_woken, "names", set())
        for _, kind, lane in due - before:
            wake(kind, lane)
        _woken.names = due | {name for name in before if name[0] == next(iter(due))[0]}


def wake(kind: str, lane: str) -> None:
    """Enqueues the task that wakes a cluster: in the caller's transaction or, with Redis, after its commit."""
    task = partial(async_task, DRAIN, task_name=kind, group=lane, cluster=WAKE_UPS, save=False)
    if settings.Q_BROKER_URL:
        transaction.on_commit(partial(_send_to_redis, task), robust=True)
    else:
        task()


_redis_silent_until = 0.0


def _send_to_redis(task: partial[str]) -> None:
    global _redis_silent_until
    if time.monotonic() < _redis_silent_until:
        return
    try:
        broker = get_broker(WAKE_UPS)
        if broker.queue_size() == 0:  # a wake-up that still waits serves this job too
            task(broker=broker)
    except Exception as error:  # the Redis client may raise anything; polling finds the committed job
        _redis_silent_until = time.monotonic() + REDIS_PAUSE_S
        logger.warning("wake-up not sent", extra={"error_class": type(error).__name__})


def _row(kind: str, spec: JobSpec) -> dict[str, Any]:
    if kind not in KINDS:
        raise ValueError(f"kind: no job kind is registered as {kind!r}.")
    if not 0 < len(spec.dedupe_key) <= 255:
        raise ValueError("dedupe_key: must be 1 to 255 characters, made from ids alone.")
    run_at = _held_until.get() or spec.run_at
    return {
        "id": uuid7(),
        "kind": kind,
        "workspace_id": spec.workspace_id,
        "payload": spec.payload,
        "dedupe_key": spec.dedupe_key,
        "lane": spec.lane or KINDS[kind].policy.lane,
        "priority": KINDS[kind].policy.priority if spec.priority is None else spec.priority,
        "run_at": run_at and run_at.isoformat(),
    }
