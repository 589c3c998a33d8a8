"""Enqueue: a job row in the caller's transaction, once per dedupe key, and the wake-up that goes with it.

The unique constraint (tenant, dedupe_key) is the truth. A duplicate changes nothing: it never resets a running or
finished job; it does create the job where it is missing. For work that looks how things are now (`anew`), a job that
has begun may have looked too early: it gives its key up.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django_q.conf import Conf

from jobs import prepared
from jobs.ids import uuid7
from jobs.models import JOB_COLUMNS, NO_WORKSPACE, BackgroundJob, job_from_row
from jobs.registry import KINDS
from jobs.wakeup import WAITING, ring

PAYLOAD_LIMIT = 8_000
"""Characters of JSON. A payload holds ids; more than this is somebody's text."""


@dataclass(frozen=True)
class JobSpec:
    """One job of `enqueue_many`. `run_at` None is now; `priority` None is the kind's (lower goes first)."""

    dedupe_key: str
    workspace_id: UUID | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    run_at: datetime | None = None
    priority: int | None = None


_held_until: ContextVar[datetime | None] = ContextVar("held_until", default=None)


@contextmanager
def held_until(moment: datetime) -> Iterator[None]:
    """Jobs that this thread enqueues meanwhile are due at `moment` (aware), whatever they were to be."""
    token = _held_until.set(moment)
    try:
        yield
    finally:
        _held_until.reset(token)


# One statement for one job or thousands. A conflict with another's open transaction waits for its end.
INSERT = (
    """
INSERT INTO jobs_backgroundjob (id, kind, workspace_id, payload, dedupe_key, status, priority, run_at, first_run_at,
    attempts, snoozes, worker_deaths, losses, last_error_class, last_error, fingerprint)
SELECT id, kind, workspace_id, payload, dedupe_key, 'queued', priority, coalesce(run_at, statement_timestamp()),
    coalesce(run_at, statement_timestamp()), 0, 0, 0, 0, '', '', ''
FROM jsonb_to_recordset(%s) AS row(id uuid, kind text, workspace_id uuid, payload jsonb, dedupe_key text,
    priority smallint, run_at timestamptz)
ON CONFLICT (tenant, dedupe_key) DO NOTHING
RETURNING run_at <= created_at, """
    + WAITING
    + ", "
)

# The key of a job that has begun becomes its own. One that begins meanwhile has not looked yet: it may keep the key.
FREE_KEY = """
UPDATE jobs_backgroundjob SET dedupe_key = left(dedupe_key, 218) || ':' || id
WHERE tenant = %s AND dedupe_key = %s AND NOT (status = 'queued' OR (status = 'running' AND started_at IS NULL))
"""


def enqueue(
    kind: str,
    *,
    dedupe_key: str,
    workspace_id: UUID | None = None,
    payload: dict[str, Any] | None = None,
    run_at: datetime | None = None,
    priority: int | None = None,
    anew: bool = False,
) -> tuple[BackgroundJob, bool]:
    """The job of this key in this workspace, and whether this call created it.

    Runs in the caller's transaction. Two callers with one key at once: one creates, the other waits for its commit
    and gets its job. `anew`: only a job that has not begun counts as the job of this key. Raises ValueError naming the
    argument for an unknown kind, a bad key or an oversized payload.
    """
    spec = JobSpec(dedupe_key, workspace_id, payload or {}, run_at, priority)
    tenant = workspace_id or NO_WORKSPACE
    while True:
        if anew:
            with connection.cursor() as cursor:
                cursor.execute(FREE_KEY, [tenant, dedupe_key])
        if created := _insert(kind, [spec], JOB_COLUMNS):
            return job_from_row(JOB_COLUMNS, created[0]), True
        job = BackgroundJob.objects.filter(tenant=tenant, dedupe_key=dedupe_key).first()
        if job is not None:  # None: pruned, or its key given up, between the two statements, so insert again
            return job, False


def enqueue_many(kind: str, specs: Sequence[JobSpec]) -> set[UUID]:
    """Insert those of `specs` that are missing in one statement; the ids of the new jobs. Duplicates change nothing.

    Runs in the caller's transaction. Raises ValueError as `enqueue` does.
    """
    return {job_id for (job_id,) in _insert(kind, specs, ("id",))}


def _insert(kind: str, specs: Sequence[JobSpec], columns: tuple[str, ...]) -> list[tuple]:
    """`columns` of the new jobs."""
    rows = json.dumps([_row(kind, spec) for spec in specs], cls=DjangoJSONEncoder)
    if len(rows) > PAYLOAD_LIMIT:
        _refuse_texts(specs)
    with transaction.atomic(savepoint=False):
        created = prepared.execute(INSERT + ", ".join(columns), [rows, Conf.CLUSTER_NAME])
        if any(due for due, *_ in created):  # by the database's clock
            ring(waiting=created[0][1])
    return [row[2:] for row in created]


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
        "priority": KINDS[kind].policy.priority if spec.priority is None else spec.priority,
        "run_at": run_at and run_at.isoformat(),
    }


def _refuse_texts(specs: Sequence[JobSpec]) -> None:
    for spec in specs:
        if len(json.dumps(spec.payload, cls=DjangoJSONEncoder)) > PAYLOAD_LIMIT:
            raise ValueError(f"payload: over {PAYLOAD_LIMIT} characters of JSON; pass ids, not contents.")
